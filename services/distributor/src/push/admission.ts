import { InvalidArgumentError, ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { TenantLimits } from "@hearth/tenant-limits";
import { RateLimiter } from "../limits/rate-limiter.ts";
import type { ProfileCounters } from "./profile-counters.ts";

const MB = 2 ** 20;

/** A request, as far as its admission goes. */
export interface Arrival {
  readonly tenant: string;
  readonly limits: TenantLimits;
  readonly profiles: number;
}

/**
 * Lets requests in, or not: by their size, and by the rate of their tenant. Twice, since what a body holds is known
 * only when it is decompressed: first an estimate, which costs nothing and takes nothing, then the true size.
 */
export class Admission {
  readonly #rates: RateLimiter;
  readonly #counters: ProfileCounters;

  constructor(deps: { clock: Clock; counters: ProfileCounters }) {
    this.#rates = new RateLimiter(deps);
    this.#counters = deps.counters;
  }

  /**
   * Before any work is done.
   *
   * @param size - `receivedBytes` as they came; `estimatedBytes` after decompression, which may be wrong.
   * @throws {InvalidArgumentError} when the request is too large, {@link ResourceExhaustedError} when the tenant sends too
   * much: nothing is stored then.
   */
  refuseBeforeWork(arrival: Arrival, size: { receivedBytes: number; estimatedBytes: number }): void {
    this.#requireSize(arrival, size.receivedBytes);
    this.#counted(arrival, size.estimatedBytes, () =>
      this.#rates.check(arrival.tenant, size.estimatedBytes, arrival.limits),
    );
  }

  /**
   * Charges the tenant. The sum of one request is bounded, whatever its parts compressed to.
   *
   * @throws as {@link refuseBeforeWork}.
   */
  charge(arrival: Arrival, bytes: number): void {
    this.#requireSize(arrival, bytes);
    this.#counted(arrival, bytes, () => this.#rates.take(arrival.tenant, bytes, arrival.limits));
  }

  #requireSize({ tenant, limits, profiles }: Arrival, bytes: number): void {
    const { ingestionBodyLimitMb } = limits;
    if (ingestionBodyLimitMb === 0 || bytes <= ingestionBodyLimitMb * MB) return;
    this.#counters.discarded("body_size_limit_exceeded", tenant, { profiles, bytes });
    throw new InvalidArgumentError(
      `request exceeds the limit of its tenant: size_bytes=${bytes} ingestion_body_limit_mb=${ingestionBodyLimitMb} tenant=${tenant}`,
    );
  }

  #counted({ tenant, profiles }: Arrival, bytes: number, attempt: () => void): void {
    try {
      attempt();
    } catch (error) {
      if (error instanceof ResourceExhaustedError) {
        this.#counters.discarded("rate_limited", tenant, { profiles, bytes });
      }
      throw error;
    }
  }
}
