import { parseDuration } from "@hearth/config";
import { ResourceExhaustedError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { IngestionLimit } from "@hearth/tenant-limits";

interface Period {
  startedMs: number;
  passed: number;
}

/** Tenants and usage groups whose periods are remembered. */
const MAX_PERIODS = 10_000;

/**
 * Holds tenants, and their usage groups, to quotas that somebody else keeps the books of. When one is said to be reached,
 * only a sample of the requests passes, so many in each period, and the others are refused until it is said to be free
 * again.
 */
export class IngestionQuota {
  readonly #clock: Clock;
  readonly #periods = new Map<string, Period>();

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  /**
   * Lets a request of a tenant pass, or not.
   *
   * @throws {ResourceExhaustedError} saying how much is allowed and when that begins anew.
   */
  check(tenant: string, limit: IngestionLimit | null): void {
    if (!limit?.limit_reached || this.#pass(tenant, limit)) return;
    throw this.#reached(limit, formatMib(limit.period_limit_mb));
  }

  /** The groups over their quota, as the limit names them; of those that are exhausted, nothing passes now. */
  throttledGroups(
    tenant: string,
    limit: IngestionLimit | null,
  ): { readonly throttled: readonly string[]; readonly exhausted: readonly string[] } {
    if (!limit) return { throttled: [], exhausted: [] };
    const throttled = Object.keys(limit.usage_groups).filter(
      (group) => limit.usage_groups[group]!.limit_reached,
    );
    const exhausted = throttled.filter((group) => !this.#hasRoom(keyOf(tenant, group), limit));
    return { throttled, exhausted };
  }

  /** Lets a request pass that has profiles of a group over its quota. @returns why it may not. */
  passGroup(tenant: string, limit: IngestionLimit, group: string): ResourceExhaustedError | undefined {
    return this.#pass(keyOf(tenant, group), limit) ? undefined : this.groupReached(limit, group);
  }

  /** What the sender of profiles of a group over its quota is told. */
  groupReached(limit: IngestionLimit, group: string): ResourceExhaustedError {
    const allowed = formatMib(limit.usage_groups[group]?.period_limit_mb ?? 0);
    return this.#reached(limit, allowed, ` of usage group ${group}`);
  }

  #pass(key: string, limit: IngestionLimit): boolean {
    if (!this.#hasRoom(key, limit)) return false;
    this.#periodOf(key, limit).passed++;
    return true;
  }

  #hasRoom(key: string, limit: IngestionLimit): boolean {
    const { num_requests: allowed } = limit.sampling;
    return allowed > 0 && periodMsOf(limit) > 0 && this.#periodOf(key, limit).passed < allowed;
  }

  #periodOf(key: string, limit: IngestionLimit): Period {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#periods.get(key);
    if (known && nowMs - known.startedMs < periodMsOf(limit)) return known;
    if (!known && this.#periods.size >= MAX_PERIODS) this.#periods.clear();
    const period = { startedMs: nowMs, passed: 0 };
    this.#periods.set(key, period);
    return period;
  }

  #reached(limit: IngestionLimit, allowed: string, of = ""): ResourceExhaustedError {
    const resetMs = limit.limit_reset_time * 1000;
    return new ResourceExhaustedError(
      `limit of ${allowed}/${limit.period_type}${of} reached, next reset at ${rfc3339(resetMs)}`,
      { retryAfterMs: Math.max(1000, resetMs - this.#clock.nowMs()) },
    );
  }
}

/** Tenants have no zero byte in their ids. */
function keyOf(tenant: string, group: string): string {
  return `${tenant}\0${group}`;
}

function periodMsOf({ sampling }: IngestionLimit): number {
  return parseDuration(sampling.period) ?? 0;
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
