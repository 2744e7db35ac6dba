import { heap, type Memory } from "@hearth/arena";

/**
 * Non-negative integers up to 2^63, exact, in typed arrays. A double holds integers up to 2^53; so a value is kept as
 * `high · 2^52 + low` with `0 <= low < 2^52`, and the high column is absent as long as every value fits the low one,
 * which is nearly always. Two low parts sum to less than 2^53: adding is exact before it carries.
 */

/** 2^52, the value of one unit of a high column. */
export const WORD = 2 ** 52;

export interface ExactColumn {
  /** Each `0 <= low < 2^52`. */
  readonly low: Float64Array;
  /** Same length as `low`, or absent when all are zero. */
  readonly high: Float64Array | undefined;
}

/** One value of a column as a signed 64-bit integer; sums beyond 2^63 wrap as two's complement. */
export function exactToBigInt(column: ExactColumn, index: number): bigint {
  const low = column.low[index]!;
  const high = column.high?.[index] ?? 0;
  if (high === 0) return BigInt(low);
  return BigInt.asIntN(64, BigInt(high) * BigInt(WORD) + BigInt(low));
}

/** A column of the given values, each `0 <= value < 2^63`. For tests and cold paths. */
export function exactColumnFromBigInts(values: readonly bigint[]): ExactColumn {
  const sums = new ExactSums(values.length);
  for (const [index, value] of values.entries()) {
    sums.add(index, Number(value % BigInt(WORD)), Number(value / BigInt(WORD)));
  }
  return sums;
}

/** Sums by index, exact. */
export class ExactSums implements ExactColumn {
  readonly low: Float64Array;
  readonly #memory: Memory;
  #high: Float64Array | undefined;

  /**
   * @param count - number of sums, all zero at first.
   * @param memory - where they lie.
   */
  constructor(count: number, memory: Memory = heap) {
    this.#memory = memory;
    this.low = memory.float64(count);
  }

  get high(): Float64Array | undefined {
    return this.#high;
  }

  /** Adds `high · 2^52 + low`; `0 <= low < 2^52`. */
  add(index: number, low: number, high = 0): void {
    const sum = this.low[index]! + low;
    if (sum < WORD && high === 0) {
      this.low[index] = sum;
      return;
    }
    this.#carry(index, sum, high);
  }

  /** Makes a sum zero again. */
  clear(index: number): void {
    this.low[index] = 0;
    if (this.#high) this.#high[index] = 0;
  }

  #carry(index: number, sum: number, high: number): void {
    this.#high ??= this.#memory.float64(this.low.length);
    const overflows = sum >= WORD;
    this.low[index] = overflows ? sum - WORD : sum;
    this.#high[index]! += high + (overflows ? 1 : 0);
  }
}
