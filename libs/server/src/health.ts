import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@hearth/proto/grpc/health/v1";
import { NotFoundError } from "@hearth/errors";
import { implement, type ServiceRegistration } from "@hearth/rpc";

/** The name that means the process as a whole. */
const WHOLE_PROCESS = "";

/**
 * Which services of a process take calls, for `grpc.health.v1`. The composition root sets it; clients check or watch it.
 */
export class HealthStatus {
  readonly #serving = new Map<string, boolean>([[WHOLE_PROCESS, false]]);
  readonly #listeners = new Set<() => void>();

  /** @param service - such as `pyroscope.metastore`; the whole process when absent. */
  set(serving: boolean, service: string = WHOLE_PROCESS): void {
    if (this.#serving.get(service) === serving) return;
    this.#serving.set(service, serving);
    this.#notify();
  }

  /** `SERVICE_UNKNOWN` for a name that was never set. */
  statusOf(service: string): ServingStatus {
    const serving = this.#serving.get(service);
    if (serving === undefined) return ServingStatus.SERVICE_UNKNOWN;
    return serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }

  /** The status now and after each change, until `signal` aborts. */
  async *watch(service: string, signal: AbortSignal): AsyncGenerator<ServingStatus> {
    let last: ServingStatus | undefined;
    for (;;) {
      const status = this.statusOf(service);
      if (status !== last) yield status;
      last = status;
      if (signal.aborted) return;
      if (this.statusOf(service) === last) await this.#nextChange(signal);
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#listeners.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#listeners.add(wake);
      signal.addEventListener("abort", wake, { once: true });
    });
  }
}

/**
 * `grpc.health.v1.Health` over `status`, as its specification says: an unknown service is `not_found` to Check.
 *
 * @param closing - ends all watches, since a server cannot close while one is open.
 */
export function healthService(status: HealthStatus, closing: AbortSignal): ServiceRegistration {
  return implement(Health, {
    check({ service }) {
      const current = status.statusOf(service);
      if (current === ServingStatus.SERVICE_UNKNOWN) {
        throw new NotFoundError(`unknown service: service=${service}`);
      }
      return { status: current };
    },
    async *watch({ service }, context) {
      const until = AbortSignal.any([context.signal, closing]);
      for await (const current of status.watch(service, until)) yield { status: current };
    },
  });
}
