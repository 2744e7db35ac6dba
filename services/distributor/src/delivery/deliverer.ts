import { Code, DomainError, UnavailableError } from "@hearth/errors";
import { deadline, TaskGroup, type Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import type { TenantLimits } from "@hearth/tenant-limits";
import type { DistributorMetrics } from "../metrics.ts";
import { deliver, type DeliveryDeps, type Parcel } from "./deliver.ts";
import type { Router } from "./writer-client.ts";

export interface DelivererDeps {
  readonly router: Router;
  readonly clock: Clock;
  readonly metrics: DistributorMetrics;
  readonly logger: Logger;
  /** Time limit of a push. */
  readonly timeLimitMs: number;
}

/** Bytes that may be on their way although their clients were answered. Beyond, clients wait again. */
const MAX_BACKGROUND_BYTES = 64 * 2 ** 20;

/** Hands parcels to segment writers: while the client waits, or, for tenants that want it so, after it was answered. */
export class Deliverer implements AsyncDisposable {
  readonly #deps: DelivererDeps;
  readonly #background: TaskGroup;
  #backgroundBytes = 0;

  constructor(deps: DelivererDeps) {
    this.#deps = deps;
    this.#background = new TaskGroup((name, error) => deps.logger.error("task failed", { name, error }));
  }

  /** @returns for each parcel, in order: nothing when it is stored (or will be), else why it is not. */
  async deliver(
    tenant: string,
    parcels: readonly Parcel[],
    limits: TenantLimits,
    signal: AbortSignal,
  ): Promise<(Error | undefined)[]> {
    if (parcels.length === 0) return [];
    if (limits.asyncIngest && this.#deliverLater(tenant, parcels, limits))
      return parcels.map(() => undefined);
    return this.#deliver(tenant, parcels, this.#deps.timeLimitMs, signal);
  }

  /** Waits for what is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#background.stop();
  }

  /** @returns false when too much is on its way already. */
  #deliverLater(tenant: string, parcels: readonly Parcel[], limits: TenantLimits): boolean {
    const bytes = parcels.reduce((sum, { columns }) => sum + columns.length, 0);
    if (this.#backgroundBytes + bytes > MAX_BACKGROUND_BYTES) return false;
    this.#backgroundBytes += bytes;
    this.#background.spawn("deliver", async () => {
      try {
        const timeLimitMs = limits.segmentWriterTimeoutMs;
        using timeout = deadline(timeLimitMs);
        const outcomes = await this.#deliver(tenant, parcels, timeLimitMs, timeout.signal);
        const [error, ...others] = outcomes.filter((outcome) => outcome !== undefined);
        if (!error) return;
        const profiles = others.length + 1;
        this.#deps.metrics.backgroundFailures.inc({ tenant }, profiles);
        this.#deps.logger.error("profiles were lost after they were acknowledged", {
          tenant,
          profiles,
          error,
        });
      } finally {
        this.#backgroundBytes -= bytes;
      }
    });
    return true;
  }

  async #deliver(
    tenant: string,
    parcels: readonly Parcel[],
    timeLimitMs: number,
    signal: AbortSignal,
  ): Promise<(Error | undefined)[]> {
    const { router, clock, metrics } = this.#deps;
    const beganMs = clock.monotonicMs();
    const onSend: DeliveryDeps["onSend"] = ({ shard, address, bytes }) =>
      metrics.sentBytes.observe({ shard: String(shard), tenant, addr: address }, bytes);
    const outcomes = await deliver(tenant, parcels, { router, clock, timeLimitMs, onSend }, signal);
    const failed = outcomes.some((error) => error !== undefined);
    metrics.downstreamSeconds.observe(
      { route: "segment-writer", primary: "1", status: failed ? "500" : "200" },
      (clock.monotonicMs() - beganMs) / 1000,
    );
    return outcomes.map((error) => error && timeoutAsUnavailable(error));
  }
}

/** Our own time limit is not the client's: it may try again. */
function timeoutAsUnavailable(error: Error): Error {
  if (!(error instanceof DomainError) || error.code !== Code.DeadlineExceeded) return error;
  return new UnavailableError("storing the profiles took too long, try again", {
    cause: error,
    retryAfterMs: 1000,
  });
}
