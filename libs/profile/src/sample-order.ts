import { type Memory } from "@hearth/arena";

/** Rows of fewer samples are sorted by insertion. */
const FEW = 24;
const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Sorts the samples of one row after another by stack trace. A radix sort: the numbers are small, and a sort by
 * comparing would be a third of a merge. Its scratch memory is that of the largest row.
 */
export class SampleOrder {
  readonly #memory: Memory;
  readonly #starts: Uint32Array;
  #order: Uint32Array;
  #spare: Uint32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#starts = memory.uint32(DIGITS + 1);
    this.#order = memory.uint32(0);
    this.#spare = memory.uint32(0);
  }

  /** @returns positions in `numbers` in ascending order of the numbers, equal ones as they were; good until the next call. */
  of(numbers: Uint32Array): Uint32Array {
    const count = numbers.length;
    if (this.#order.length < count) {
      this.#order = this.#memory.uint32(count * 2);
      this.#spare = this.#memory.uint32(count * 2);
    }
    if (count < FEW) return sortByInsertion(this.#order, numbers);
    let max = 0;
    for (let i = 0; i < count; i++) {
      this.#order[i] = i;
      if (numbers[i]! > max) max = numbers[i]!;
    }
    for (let shift = 0; shift < 32 && max >>> shift > 0; shift += DIGIT_BITS)
      this.#sortByDigit(numbers, shift);
    return this.#order.subarray(0, count);
  }

  #sortByDigit(numbers: Uint32Array, shift: number): void {
    const starts = this.#starts.fill(0);
    const from = this.#order;
    const to = this.#spare;
    for (let i = 0; i < numbers.length; i++) starts[((numbers[i]! >>> shift) & (DIGITS - 1)) + 1]!++;
    for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1]! += starts[digit]!;
    for (let i = 0; i < numbers.length; i++) {
      const position = from[i]!;
      to[starts[(numbers[position]! >>> shift) & (DIGITS - 1)]!++] = position;
    }
    this.#order = to;
    this.#spare = from;
  }
}

function sortByInsertion(order: Uint32Array, numbers: Uint32Array): Uint32Array {
  for (let i = 0; i < numbers.length; i++) {
    let to = i;
    for (; to > 0 && numbers[order[to - 1]!]! > numbers[i]!; to--) order[to] = order[to - 1]!;
    order[to] = i;
  }
  return order.subarray(0, numbers.length);
}
