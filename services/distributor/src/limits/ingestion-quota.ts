import { parseDuration } from "@hearth/config";
import { ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { IngestionLimit } from "@hearth/tenant-limits";

interface Period {
  startedMs: number;
  passed: number;
}

/** Tenants whose periods are remembered. */
const MAX_TENANTS = 10_000;

/**
 * Holds tenants to a quota that somebody else keeps the books of. When it is said to be reached, only a sample of the
 * requests passes, so many in each period, and the others are refused until it is said to be free again.
 */
export class IngestionQuota {
  readonly #clock: Clock;
  readonly #periods = new Map<string, Period>();

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  /** @throws {ResourceExhaustedError} saying how much is allowed and when that begins anew. */
  check(tenant: string, limit: IngestionLimit | null): void {
    if (!limit?.limit_reached || this.#isSampled(tenant, limit)) return;
    const resetMs = limit.limit_reset_time * 1000;
    throw new ResourceExhaustedError(
      `limit of ${formatMib(limit.period_limit_mb)}/${limit.period_type} reached, next reset at ${rfc3339(resetMs)}`,
      { retryAfterMs: Math.max(1000, resetMs - this.#clock.nowMs()) },
    );
  }

  #isSampled(tenant: string, { sampling }: IngestionLimit): boolean {
    const periodMs = parseDuration(sampling.period) ?? 0;
    if (sampling.num_requests === 0 || periodMs === 0) return false;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#periods.get(tenant);
    const period = known && nowMs - known.startedMs < periodMs ? known : { startedMs: nowMs, passed: 0 };
    if (!known && this.#periods.size >= MAX_TENANTS) this.#periods.clear();
    this.#periods.set(tenant, period);
    return period.passed++ < sampling.num_requests;
  }
}

/** `1.0 GiB` for 1024. */
function formatMib(mib: number): string {
  const units = ["MiB", "GiB", "TiB", "PiB"];
  const exponent = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, mib)) / 10)));
  return `${(mib / 1024 ** exponent).toFixed(1)} ${units[exponent]}`;
}

function rfc3339(unixMs: number): string {
  return new Date(unixMs).toISOString().replace(".000Z", "Z");
}
