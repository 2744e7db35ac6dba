import { InvalidArgumentError, ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { TenantLimits } from "@hearth/tenant-limits";
import type { IngestionQuota } from "../limits/ingestion-quota.ts";
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
 * Lets requests in, or not: by their size, and by the quota and the rate of their tenant. Twice, since what a body holds is known
 * only when it is decompressed: first an estimate, which costs nothing and takes nothing, then the true size.
 */
export class Admission {
  readonly #quota: IngestionQuota;
  readonly #rates: RateLimiter;
  readonly #counters: ProfileCounters;

  constructor(deps: { clock: Clock; counters: ProfileCounters; quota: IngestionQuota }) {
    this.#quota = deps.quota;
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
    const { tenant, limits } = arrival;
    const { receivedBytes, estimatedBytes } = size;
    this.#requireSize(arrival, receivedBytes);
    this.#counted("ingest_limit_reached", arrival, estimatedBytes, () =>
      this.#quota.check(tenant, limits.ingestionLimit),
    );
    this.#counted("rate_limited", arrival, estimatedBytes, () =>
      this.#rates.check(tenant, estimatedBytes, limits),
    );
  }

  /**
   * Charges the tenant. The sum of one request is bounded, whatever its parts compressed to.
   *
   * @throws as {@link refuseBeforeWork}.
   */
  charge(arrival: Arrival, bytes: number): void {
    this.#requireSize(arrival, bytes);
    const { tenant, limits } = arrival;
    this.#counted("rate_limited", arrival, bytes, () => this.#rates.take(tenant, bytes, limits));
  }

  #requireSize({ tenant, limits, profiles }: Arrival, bytes: number): void {
    const { ingestionBodyLimitMb } = limits;
    if (ingestionBodyLimitMb === 0 || bytes <= ingestionBodyLimitMb * MB) return;
    this.#counters.discarded("body_size_limit_exceeded", tenant, { profiles, bytes });
    throw new InvalidArgumentError(
      `request exceeds the limit of its tenant: size_bytes=${bytes} ingestion_body_limit_mb=${ingestionBodyLimitMb} tenant=${tenant}`,
    );
  }

  #counted(reason: string, { tenant, profiles }: Arrival, bytes: number, attempt: () => void): void {
    try {
      attempt();
    } catch (error) {
      if (error instanceof ResourceExhaustedError)
        this.#counters.discarded(reason, tenant, { profiles, bytes });
      throw error;
    }
  }
}
