import { exactToBigInt, WORD, type ExactColumn } from "@hearth/exact-integers";

/** A threshold: `high · 2^52 + low`. */
export interface ExactValue {
  readonly low: number;
  readonly high: number;
}

export const ZERO: ExactValue = { low: 0, high: 0 };

/** Whether value `index` of the column is at least `least`. */
export function isAtLeast(column: ExactColumn, index: number, least: ExactValue): boolean {
  const high = column.high === undefined ? 0 : column.high[index]!;
  return high === least.high ? column.low[index]! >= least.low : high > least.high;
}

/**
 * The `k`-th largest of the values at `indexes`, `1 <= k <= indexes.length`; equal values count as often as they come.
 *
 * @remarks linear on average while all values are below 2^52.
 */
export function kthLargest(column: ExactColumn, indexes: Uint32Array, k: number): ExactValue {
  if (column.high !== undefined) return kthLargestBig(column, indexes, k);
  const values = new Float64Array(indexes.length);
  for (let i = 0; i < indexes.length; i++) values[i] = column.low[indexes[i]!]!;
  return { low: select(values, values.length - k), high: 0 };
}

function kthLargestBig(column: ExactColumn, indexes: Uint32Array, k: number): ExactValue {
  const values = BigInt64Array.from(indexes, (index) => exactToBigInt(column, index)).sort();
  const value = values[values.length - k]!;
  return { low: Number(value % BigInt(WORD)), high: Number(value / BigInt(WORD)) };
}

/** The value that would be at `rank` if `values` were sorted (Hoare's quickselect). Reorders `values`. */
function select(values: Float64Array, rank: number): number {
  let left = 0;
  let right = values.length - 1;
  while (left < right) {
    const pivot = medianOfThree(values[left]!, values[(left + right) >>> 1]!, values[right]!);
    let i = left;
    let j = right;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const swapped = values[i]!;
      values[i++] = values[j]!;
      values[j--] = swapped;
    }
    if (rank <= j) right = j;
    else if (rank >= i) left = i;
    else break;
  }
  return values[rank]!;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
