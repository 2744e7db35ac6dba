import { heap, type Memory } from "@hearth/arena";

/** Three passes of 11 bits cover 32. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * The order of 64-bit addresses, given as lower and upper halves; equal ones stay as they are, and entry 0 stays first.
 * A radix sort: linear, and without a comparison function, which would be most of the time of writing a small block.
 */
export function orderByAddress(low: Uint32Array, high: Uint32Array, memory: Memory = heap): Uint32Array {
  let order = memory.uint32(Math.max(0, low.length - 1));
  for (let i = 0; i < order.length; i++) order[i] = i + 1;
  let spare = memory.uint32(order.length);
  const starts = memory.uint32(DIGITS + 1);
  for (const half of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (!sortByDigit({ from: order, to: spare, starts }, half, shift)) continue;
      [order, spare] = [spare, order];
    }
  }
  const whole = memory.uint32(low.length);
  whole.set(order, low.length - order.length);
  return whole;
}

interface SortPass {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Scratch. */
  readonly starts: Uint32Array;
}

/** @returns false when all digits are equal, and nothing was written. */
function sortByDigit({ from, to, starts }: SortPass, keys: Uint32Array, shift: number): boolean {
  starts.fill(0);
  for (let i = 0; i < from.length; i++) starts[((keys[from[i]!]! >>> shift) & (DIGITS - 1)) + 1]!++;
  for (let digit = 0; digit < DIGITS; digit++) {
    if (starts[digit + 1] === from.length) return false;
    starts[digit + 1]! += starts[digit]!;
  }
  for (let i = 0; i < from.length; i++) {
    const entry = from[i]!;
    to[starts[(keys[entry]! >>> shift) & (DIGITS - 1)]!++] = entry;
  }
  return true;
}
