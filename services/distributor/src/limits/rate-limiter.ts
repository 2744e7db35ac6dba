import { ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";

const MB = 2 ** 20;

/** What a tenant may send. */
export interface Rate {
  /** MB of 2^20 bytes a second; 0 is no limit. */
  readonly ingestionRateMb: number;
  /** MB at once; never less than the largest profile, which could else not pass at all. */
  readonly ingestionBurstSizeMb: number;
  readonly maxProfileSizeBytes: number;
}

interface Bucket {
  tokens: number;
  refilledMs: number;
}

/** A token bucket of bytes per tenant. Forgets tenants whose bucket is full again. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  /**
   * Whether `bytes` would pass now; takes nothing. For an estimate, before work is spent on a request.
   *
   * @throws {ResourceExhaustedError} naming the limit, its value and the tenant.
   */
  check(tenant: string, bytes: number, rate: Rate): void {
    if (rate.ingestionRateMb === 0) return;
    const bucket = this.#refilled(tenant, rate);
    if (bucket.tokens < Math.min(bytes, burstBytes(rate))) throw exceeded(tenant, bytes, rate, bucket.tokens);
  }

  /**
   * Takes `bytes`, or nothing.
   *
   * @throws {ResourceExhaustedError} as {@link check}.
   */
  take(tenant: string, bytes: number, rate: Rate): void {
    if (rate.ingestionRateMb === 0) return;
    const bucket = this.#refilled(tenant, rate);
    if (bucket.tokens < bytes) throw exceeded(tenant, bytes, rate, bucket.tokens);
    bucket.tokens -= bytes;
  }

  #refilled(tenant: string, rate: Rate): Bucket {
    const nowMs = this.#clock.monotonicMs();
    let bucket = this.#buckets.get(tenant);
    if (!bucket) {
      if (this.#buckets.size >= MAX_IDLE_BUCKETS) this.#forgetFull(nowMs, rate);
      this.#buckets.set(tenant, (bucket = { tokens: burstBytes(rate), refilledMs: nowMs }));
    }
    const refill = ((nowMs - bucket.refilledMs) / 1000) * rate.ingestionRateMb * MB;
    bucket.tokens = Math.min(burstBytes(rate), bucket.tokens + refill);
    bucket.refilledMs = nowMs;
    return bucket;
  }

  #forgetFull(nowMs: number, rate: Rate): void {
    const refillMs = (burstBytes(rate) / (rate.ingestionRateMb * MB)) * 1000;
    for (const [tenant, { refilledMs }] of this.#buckets)
      if (nowMs - refilledMs > refillMs) this.#buckets.delete(tenant);
  }
}

const MAX_IDLE_BUCKETS = 10_000;

function burstBytes({ ingestionBurstSizeMb, maxProfileSizeBytes }: Rate): number {
  return Math.max(ingestionBurstSizeMb * MB, maxProfileSizeBytes);
}

function exceeded(tenant: string, bytes: number, rate: Rate, tokens: number): ResourceExhaustedError {
  const missing = Math.min(bytes, burstBytes(rate)) - tokens;
  const retryAfterMs = Math.max(1, Math.ceil((missing / (rate.ingestionRateMb * MB)) * 1000));
  return new ResourceExhaustedError(
    `push rate limit (ingestion_rate_mb: ${rate.ingestionRateMb} MiB a second, ingestion_burst_size_mb: ` +
      `${(burstBytes(rate) / MB).toFixed(1)} MiB) of tenant ${tenant} exceeded while adding ${(bytes / MB).toFixed(3)} MiB; ` +
      `send less, or raise -distributor.ingestion-rate-limit-mb, for all tenants or in the overrides of this one`,
    { retryAfterMs },
  );
}
