import { heap, type Memory } from "@hearth/arena";

/**
 * The open-addressing part that all interners share: a hash to candidates for an id. Ids are the caller's, dense from
 * 0; what they stand for is kept by the caller, who also compares. The hash of an id lies beside it, so that looking
 * one up reads one place of memory before what the caller compares.
 */
export class SlotTable {
  /** See {@link slots}. At most half of them are taken. */
  #slots: Int32Array;
  readonly #memory: Memory;
  #count = 0;
  /** Where the id that was found last is. */
  #cursor = 0;

  /** @param memory - where the table lies. */
  constructor(expectedCount = 16, memory: Memory = heap) {
    let size = 32;
    while (size < expectedCount * 2) size *= 2;
    this.#memory = memory;
    this.#slots = memory.int32(size * 2);
  }

  get count(): number {
    return this.#count;
  }

  /** Pairs of a hash and its id + 1, which is 0 where free: for loops that probe themselves, from `2 * hash` on. */
  get slots(): Int32Array {
    return this.#slots;
  }

  /** The id with this hash for which `equals` holds, or -1. */
  find(hash: number, equals: (id: number) => boolean): number {
    let id = this.firstWith(hash);
    while (id >= 0 && !equals(id)) id = this.nextWith(hash);
    return id;
  }

  /** The first id with this hash, or -1. For hot loops, which compare without a function of their own. */
  firstWith(hash: number): number {
    return this.#probe(hash, hash << 1);
  }

  /** The next id with the hash that {@link firstWith} was last asked for, or -1. */
  nextWith(hash: number): number {
    return this.#probe(hash, this.#cursor + 2);
  }

  /** Adds the next id, {@link count}, under a hash that {@link find} did not find. */
  add(hash: number): number {
    const id = this.#count;
    this.put(hash, id);
    return id;
  }

  /** Adds an id of the caller's choice: then {@link count} is how many there are, and {@link add} not for use. */
  put(hash: number, id: number): void {
    if (++this.#count * 4 > this.#slots.length) this.#slots = doubledSlots(this.#slots, this.#memory);
    placeSlot(this.#slots, hash, id + 1);
  }

  #probe(hash: number, from: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = from & mask; ; at = (at + 2) & mask) {
      const entry = slots[at + 1]!;
      if (entry === 0) return -1;
      if (slots[at] !== hash) continue;
      this.#cursor = at;
      return entry - 1;
    }
  }
}

/** Puts an id + 1, which is not there, at the first free slot of its hash. */
export function placeSlot(slots: Int32Array, hash: number, entry: number): void {
  const mask = slots.length - 1;
  let at = (hash << 1) & mask;
  while (slots[at + 1] !== 0) at = (at + 2) & mask;
  slots[at] = hash;
  slots[at + 1] = entry;
}

/** The same entries in twice as many slots. */
export function doubledSlots(slots: Int32Array, memory: Memory): Int32Array {
  const doubled = memory.int32(slots.length * 2);
  for (let at = 0; at < slots.length; at += 2) {
    if (slots[at + 1] !== 0) placeSlot(doubled, slots[at]!, slots[at + 1]!);
  }
  return doubled;
}
