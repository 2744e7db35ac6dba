/** Keys whose last arrival is remembered. To forget one costs a merge, no profile. */
const MAX_KEYS = 100_000;

/**
 * Tells series that come often from those that come seldom: merging is for the former alone, so that the others need not
 * wait.
 */
export class Arrivals {
  /** When a key last came, oldest first. */
  readonly #lastMs = new Map<string, { atMs: number; expiresMs: number }>();

  /** Notes an arrival. @returns whether the one before it was no longer than `periodMs` ago. */
  isFrequent(key: string, nowMs: number, periodMs: number): boolean {
    const last = this.#lastMs.get(key);
    this.#lastMs.delete(key);
    this.#lastMs.set(key, { atMs: nowMs, expiresMs: nowMs + periodMs });
    this.#forget(nowMs);
    return last !== undefined && nowMs - last.atMs <= periodMs;
  }

  /** Two at each arrival, of which one is new: in the end, as many go as come. */
  #forget(nowMs: number): void {
    for (let i = 0; i < 2; i++) {
      const [oldest] = this.#lastMs;
      if (!oldest) return;
      const [key, { expiresMs }] = oldest;
      if (expiresMs < nowMs || this.#lastMs.size > MAX_KEYS) this.#lastMs.delete(key);
    }
  }
}
