import { heap, type Memory } from "@hearth/arena";

/**
 * The open-addressing part that all interners share: a hash to candidates for an id. Ids are the caller's, dense from
 * 0; what they stand for is kept by the caller, who also compares.
 */
export class SlotTable {
  /** id + 1 at its slot, 0 where free. */
  #slots: Uint32Array;
  /** Hash of each id, to grow without asking the caller again. */
  #hashes: Int32Array;
  readonly #memory: Memory;
  #count = 0;
  /** Slot of the id that was found last. */
  #cursor = 0;

  /** @param memory - where the table lies. */
  constructor(expectedCount = 16, memory: Memory = heap) {
    let size = 32;
    while (size < expectedCount * 2) size *= 2;
    this.#memory = memory;
    this.#slots = memory.uint32(size);
    this.#hashes = memory.int32(size >> 1);
  }

  get count(): number {
    return this.#count;
  }

  /** The id with this hash for which `equals` holds, or -1. */
  find(hash: number, equals: (id: number) => boolean): number {
    let id = this.firstWith(hash);
    while (id >= 0 && !equals(id)) id = this.nextWith(hash);
    return id;
  }

  /** The first id with this hash, or -1. For hot loops, which compare without a function of their own. */
  firstWith(hash: number): number {
    return this.#probe(hash, hash & (this.#slots.length - 1));
  }

  /** The next id with the hash that {@link firstWith} was last asked for, or -1. */
  nextWith(hash: number): number {
    return this.#probe(hash, (this.#cursor + 1) & (this.#slots.length - 1));
  }

  /** Adds the next id, {@link count}, under a hash that {@link find} did not find. */
  add(hash: number): number {
    if (this.#count === this.#hashes.length) this.#grow();
    const id = this.#count++;
    this.#hashes[id] = hash;
    this.#place(hash, id);
    return id;
  }

  #probe(hash: number, from: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = from;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.#hashes[entry - 1] === hash) {
        this.#cursor = slot;
        return entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    return -1;
  }

  #place(hash: number, id: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #grow(): void {
    const hashes = this.#memory.int32(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = this.#memory.uint32(this.#slots.length * 2);
    for (let id = 0; id < this.#count; id++) this.#place(hashes[id]!, id);
  }
}
