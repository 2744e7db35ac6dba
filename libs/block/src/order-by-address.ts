/** Three passes of 11 bits cover 32. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * The order of 64-bit addresses, given as lower and upper halves; equal ones stay as they are, and entry 0 stays first.
 * A radix sort: linear, and without a comparison function, which would be most of the time of writing a small block.
 */
export function orderByAddress(low: Uint32Array, high: Uint32Array): Uint32Array {
  let order = new Uint32Array(Math.max(0, low.length - 1));
  for (let i = 0; i < order.length; i++) order[i] = i + 1;
  let spare = new Uint32Array(order.length);
  for (const half of [low, high]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      if (!sortByDigit(order, spare, half, shift)) continue;
      [order, spare] = [spare, order];
    }
  }
  const whole = new Uint32Array(low.length);
  whole.set(order, low.length - order.length);
  return whole;
}

/** @returns false when all digits are equal, and nothing was written. */
function sortByDigit(from: Uint32Array, to: Uint32Array, keys: Uint32Array, shift: number): boolean {
  const starts = new Uint32Array(DIGITS + 1);
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
