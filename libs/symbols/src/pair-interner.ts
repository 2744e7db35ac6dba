import { heap, type Memory } from "@hearth/arena";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";

/**
 * Distinct pairs of 32-bit numbers, numbered as they come: stack traces as (parent, location), tree nodes as
 * (parent, name).
 */
export class PairInterner {
  first: Uint32Array;
  second: Uint32Array;
  readonly #memory: Memory;
  #slots: Uint32Array;
  #count = 0;

  /** @param memory - where the pairs lie. */
  constructor(expectedCount = 64, memory: Memory = heap) {
    let size = 128;
    while (size < expectedCount * 2) size *= 2;
    this.#memory = memory;
    this.#slots = memory.uint32(size);
    this.first = memory.uint32(size >> 1);
    this.second = memory.uint32(size >> 1);
  }

  get count(): number {
    return this.#count;
  }

  /** The number of the pair. */
  intern(first: number, second: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = pairHash(first, second) & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (this.second[entry - 1] === second && this.first[entry - 1] === first) return entry - 1;
      slot = (slot + 1) & mask;
    }
    const id = this.#count++;
    this.first = grown(this.first, id + 1, this.#memory);
    this.second = grown(this.second, id + 1, this.#memory);
    this.first[id] = first;
    this.second[id] = second;
    slots[slot] = id + 1;
    if (this.#count * 2 > slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = this.#memory.uint32(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let slot = pairHash(this.first[id]!, this.second[id]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}

function pairHash(first: number, second: number): number {
  return finish(mix(mix(0, first), second));
}
