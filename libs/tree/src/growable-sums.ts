import { WORD, type ExactColumn } from "@hearth/exact-integers";
import { grown } from "@hearth/symbols";

/** Exact sums by index, where the number of indexes grows. */
export class GrowableSums {
  #low: Float64Array = new Float64Array(64);
  #high: Float64Array | undefined;

  /** Adds `high · 2^52 + low`; `0 <= low < 2^52`. */
  add(index: number, low: number, high: number): void {
    if (index >= this.#low.length) this.#grow(index + 1);
    const sum = this.#low[index]! + low;
    if (sum < WORD && high === 0) {
      this.#low[index] = sum;
      return;
    }
    this.#high ??= new Float64Array(this.#low.length);
    const overflows = sum >= WORD;
    this.#low[index] = overflows ? sum - WORD : sum;
    this.#high[index]! += high + (overflows ? 1 : 0);
  }

  /** The first `count` sums, copied to size. */
  build(count: number): ExactColumn {
    if (count > this.#low.length) this.#grow(count);
    return { low: this.#low.slice(0, count), high: this.#high?.slice(0, count) };
  }

  #grow(capacity: number): void {
    this.#low = grown(this.#low, capacity);
    if (this.#high) this.#high = grown(this.#high, this.#low.length);
  }
}
