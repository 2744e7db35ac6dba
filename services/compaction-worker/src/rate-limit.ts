import type { Clock } from "@hearth/runtime";

/** Lets bytes pass at a rate: each taker waits until those before it are paid for. */
export class RateLimit {
  readonly #bytesPerMs: number;
  readonly #clock: Clock;
  /** When all that was taken is paid for. */
  #paidMs = 0;

  /** @param bytesPerSecond - 0: no limit. */
  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerMs = bytesPerSecond === 0 ? Infinity : bytesPerSecond / 1000;
    this.#clock = clock;
  }

  /** Waits for its turn. Rejects with the signal's reason when it aborts first; the bytes count all the same. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const beginMs = Math.max(nowMs, this.#paidMs);
    this.#paidMs = beginMs + bytes / this.#bytesPerMs;
    if (beginMs > nowMs) await this.#clock.sleep(beginMs - nowMs, signal);
  }
}
