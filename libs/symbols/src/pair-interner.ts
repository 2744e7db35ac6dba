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
  /** For each slot the second number of a pair and its id + 1, which is 0 where free. At most half are taken. */
  #slots: Uint32Array;
  #count = 0;

  /** @param memory - where the pairs lie. */
  constructor(expectedCount = 64, memory: Memory = heap) {
    let size = 128;
    while (size < expectedCount * 2) size *= 2;
    this.#memory = memory;
    this.#slots = memory.uint32(size * 2);
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
    let at = (pairHash(first, second) << 1) & mask;
    for (let entry = slots[at + 1]!; entry !== 0; entry = slots[at + 1]!) {
      if (slots[at] === second && this.first[entry - 1] === first) return entry - 1;
      at = (at + 2) & mask;
    }
    const id = this.#count++;
    this.first = grown(this.first, id + 1, this.#memory);
    this.second = grown(this.second, id + 1, this.#memory);
    this.first[id] = first;
    this.second[id] = second;
    slots[at] = second;
    slots[at + 1] = id + 1;
    if (this.#count * 4 > slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = this.#memory.uint32(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 0; id < this.#count; id++) {
      let at = (pairHash(this.first[id]!, this.second[id]!) << 1) & mask;
      while (slots[at + 1] !== 0) at = (at + 2) & mask;
      slots[at] = this.second[id]!;
      slots[at + 1] = id + 1;
    }
    this.#slots = slots;
  }
}

function pairHash(first: number, second: number): number {
  return finish(mix(mix(0, first), second));
}
