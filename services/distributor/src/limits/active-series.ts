import { ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import { ExpiringMap } from "../expiring-map.ts";

/** A series of which nothing came for so long, or twice as long at most, is no longer active. */
const ACTIVE_MS = 10 * 60_000;
/** Tenants with a limit that are remembered. */
const MAX_TENANTS = 100_000;
/** What a client should wait before it tries new series again. */
const RETRY_AFTER_MS = 60_000;

/** The active series of a tenant, by fingerprint: at most as many as its limit. */
type Fingerprints = ExpiringMap<bigint, true>;

/**
 * Holds tenants to a number of active series: new ones beyond are refused, those that are known pass. Memory is bounded
 * by the limits of the tenants that have one and were active lately.
 */
export class ActiveSeries {
  readonly #clock: Clock;
  readonly #tenants = new ExpiringMap<string, Fingerprints>(MAX_TENANTS);

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  /**
   * Takes note of series that are to be stored together, all or none.
   *
   * @param limit - most active series; 0 is no limit.
   * @param fingerprints - of the series, asked for only where there is a limit.
   * @returns why they are not to be stored; nothing when they are.
   */
  admit(
    tenant: string,
    limit: number,
    fingerprints: () => Iterable<bigint>,
  ): ResourceExhaustedError | undefined {
    if (limit === 0) {
      this.#tenants.delete(tenant);
      return undefined;
    }
    const nowMs = this.#clock.monotonicMs();
    this.#tenants.turn(nowMs, ACTIVE_MS);
    const active = this.#tenants.get(tenant) ?? new ExpiringMap<bigint, true>();
    active.turn(nowMs, ACTIVE_MS);
    const series = new Set(fingerprints());
    let fresh = 0;
    for (const fingerprint of series) if (active.get(fingerprint) === undefined) fresh++;
    if (fresh > 0 && active.size + fresh > limit) return tooMany(tenant, limit, active.size);
    for (const fingerprint of series) active.set(fingerprint, true);
    this.#tenants.set(tenant, active);
    return undefined;
  }
}

function tooMany(tenant: string, limit: number, active: number): ResourceExhaustedError {
  return new ResourceExhaustedError(
    `too many active series, new ones are refused: active=${active} max_active_series_per_tenant=${limit} tenant=${tenant}; ` +
      `send labels with fewer values, or raise -distributor.max-active-series-per-tenant, for all tenants or in the overrides of this one`,
    { retryAfterMs: RETRY_AFTER_MS },
  );
}
