import type { Clock } from "@hearth/runtime";

/** Spreads bytes over time: whatever shares one pacer is together no faster than allowed. */
export class Pacer {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  /** When all that was let through so far is paid for, on the monotonic clock. */
  #freeAtMs = -Infinity;

  /** @param bytesPerSecond - above 0; Infinity for no limit. */
  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  /** Resolves when `sizeBytes` may go: at once when nothing went for a while. Rejects when `signal` aborts. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const startMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = startMs + (sizeBytes / this.#bytesPerSecond) * 1000;
    if (startMs > nowMs) await this.#clock.sleep(startMs - nowMs, signal);
  }
}
