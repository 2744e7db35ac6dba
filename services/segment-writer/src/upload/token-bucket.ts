import type { Clock } from "@hearth/runtime";

/** Allows `ratePerSecond` takings on average, and `burst` at once. */
export class TokenBucket {
  readonly #settings: { readonly ratePerSecond: number; readonly burst: number };
  readonly #clock: Clock;
  /** `0 <= tokens <= burst`, as of `#filledAtMs`. */
  #tokens: number;
  #filledAtMs: number;

  constructor(settings: { readonly ratePerSecond: number; readonly burst: number }, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#tokens = settings.burst;
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes a token; false when there is none. */
  tryTake(): boolean {
    const nowMs = this.#clock.monotonicMs();
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#settings.ratePerSecond;
    this.#tokens = Math.min(this.#settings.burst, this.#tokens + earned);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
