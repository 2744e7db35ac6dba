import { type ExactColumn, type ExactSums, exactToBigInt, WORD } from "@hearth/exact-integers";

/** Rows of bars in columns, as clients draw them. */
export interface BarRows {
  /** Of functions, UTF-8. Number 0 is `total`. */
  readonly names: readonly Uint8Array[];
  /** Where the values of each row begin, and where those of the last end. Row 0 is one bar for everything. */
  readonly rowStarts: Uint32Array;
  /** So many values for each bar, from left to right: see who draws. */
  readonly values: ExactColumn;
}

/** Bars by number: where each begins, how wide it is, and how much of that is its own. */
export interface Extents {
  readonly x: ExactSums;
  readonly total: ExactColumn;
  readonly self: ExactColumn;
}

/** Adds to `sums[to]` the value `column[from]`. */
export function addFrom(sums: ExactSums, to: number, column: ExactColumn, from: number): void {
  sums.add(to, column.low[from]!, column.high?.[from]);
}

/** Places `bar` where `before` ends. */
export function placeAfter({ x, total }: Extents, bar: number, before: number): void {
  addFrom(x, bar, x, before);
  addFrom(x, bar, total, before);
}

/** Places `bar` above `below`, after the part that is its own. */
export function placeAbove({ x, self }: Extents, bar: number, below: number): void {
  addFrom(x, bar, x, below);
  addFrom(x, bar, self, below);
}

/**
 * Adds to `values[to]` the distance from the end of the bar `before`, which is left of it, to where `bar` begins.
 *
 * @param before - itself when it is the first of its row.
 */
export function addDistance(
  values: ExactSums,
  to: number,
  { x, total }: Extents,
  bar: number,
  before: number,
): void {
  if (bar === before) return addFrom(values, to, x, bar);
  const high = highOf(x, bar) - highOf(x, before) - highOf(total, before);
  // Between -2^53 and 2^52, so it is exact.
  const low = x.low[bar]! - x.low[before]! - total.low[before]!;
  const borrowed = low < 0 ? Math.ceil(-low / WORD) : 0;
  values.add(to, low + borrowed * WORD, high - borrowed);
}

function highOf({ high }: ExactColumn, index: number): number {
  return high ? high[index]! : 0;
}

/** The largest of the values of `column` below `count`; 0 when there are none. */
export function largest(column: ExactColumn, count: number): bigint {
  const { low, high } = column;
  if (count === 0) return 0n;
  let best = 0;
  for (let i = 1; i < count; i++) {
    const isHigher = high ? high[i]! - high[best]! : 0;
    if (isHigher > 0 || (isHigher === 0 && low[i]! > low[best]!)) best = i;
  }
  return exactToBigInt(column, best);
}
