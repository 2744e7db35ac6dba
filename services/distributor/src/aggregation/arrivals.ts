import { ExpiringMap } from "../expiring-map.ts";

/** Keys whose last arrival is remembered. To forget one costs a merge, no profile. */
const MAX_KEYS = 100_000;

/**
 * Tells series that come often from those that come seldom: merging is for the former alone, so that the others need not
 * wait.
 */
export class Arrivals {
  /** When a key last came. */
  readonly #lastMs = new ExpiringMap<string, number>(MAX_KEYS);
  #longestPeriodMs = 0;

  /** Notes an arrival. @returns whether the one before it was no longer than `periodMs` ago. */
  isFrequent(key: string, nowMs: number, periodMs: number): boolean {
    this.#longestPeriodMs = Math.max(this.#longestPeriodMs, periodMs);
    this.#lastMs.turn(nowMs, this.#longestPeriodMs);
    const lastMs = this.#lastMs.get(key);
    this.#lastMs.set(key, nowMs);
    return lastMs !== undefined && nowMs - lastMs <= periodMs;
  }
}
