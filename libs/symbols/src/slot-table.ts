/**
 * The open-addressing part that all interners share: a hash to candidates for an id. Ids are the caller's, dense from
 * 0; what they stand for is kept by the caller, who also compares.
 */
export class SlotTable {
  /** id + 1 at its slot, 0 where free. */
  #slots: Uint32Array;
  /** Hash of each id, to grow without asking the caller again. */
  #hashes: Uint32Array;
  #count = 0;

  constructor(expectedCount = 16) {
    let size = 32;
    while (size < expectedCount * 2) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#hashes = new Uint32Array(size >> 1);
  }

  get count(): number {
    return this.#count;
  }

  /** The id with this hash for which `equals` holds, or -1. */
  find(hash: number, equals: (id: number) => boolean): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return -1;
      if (this.#hashes[entry - 1] === hash && equals(entry - 1)) return entry - 1;
    }
  }

  /** Adds the next id, {@link count}, under a hash that {@link find} did not find. */
  add(hash: number): number {
    if (this.#count === this.#hashes.length) this.#grow();
    const id = this.#count++;
    this.#hashes[id] = hash;
    this.#place(hash, id);
    return id;
  }

  #place(hash: number, id: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = id + 1;
  }

  #grow(): void {
    const hashes = new Uint32Array(this.#hashes.length * 2);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let id = 0; id < this.#count; id++) this.#place(hashes[id]!, id);
  }
}
