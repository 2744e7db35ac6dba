import type { Memory } from "@hearth/arena";

/** Numbers beside each other in a slot: function, line, mapping, and id + 1, which is 0 where free. */
const WIDTH = 4;

/**
 * Numbers of locations that are one line of one function, without an address: what nearly all locations of profiles with
 * symbols are. All that makes one up fits its slot, so that looking it up reads one place of memory.
 */
export class PlainLocations {
  readonly #memory: Memory;
  /** At most half of them are taken. */
  #slots: Int32Array;
  #count = 0;

  /** @param memory - where they lie. */
  constructor(expectedCount: number, memory: Memory) {
    let size = 32;
    while (size < expectedCount * 2) size *= 2;
    this.#memory = memory;
    this.#slots = memory.int32(size * WIDTH);
  }

  /** For loops that probe themselves: see {@link plainHome} and {@link nextPlain}. */
  get slots(): Int32Array {
    return this.#slots;
  }

  /** @returns the id, or -1. */
  find(functionIndex: number, line: number, mapping: number): number {
    const slots = this.#slots;
    let at = plainHome(slots, functionIndex, line);
    for (; slots[at + 3] !== 0; at = nextPlain(slots, at)) {
      const isEqual =
        slots[at] === (functionIndex | 0) && slots[at + 1] === line && slots[at + 2] === (mapping | 0);
      if (isEqual) break;
    }
    return slots[at + 3]! - 1;
  }

  /** Adds one that {@link find} did not find. */
  add(functionIndex: number, line: number, mapping: number, id: number): void {
    if (++this.#count * 2 * WIDTH > this.#slots.length) this.#grow();
    place(this.#slots, functionIndex, line, mapping, id + 1);
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = this.#memory.int32(before.length * 2);
    for (let at = 0; at < before.length; at += WIDTH) {
      const entry = before[at + 3]!;
      if (entry !== 0) place(this.#slots, before[at]!, before[at + 1]!, before[at + 2]!, entry);
    }
  }
}

/** Where the search for a location begins. Mappings are few: which one it is need not be mixed in. */
export function plainHome(slots: Int32Array, functionIndex: number, line: number): number {
  let hash = Math.imul(functionIndex, 0x9e3779b1) + Math.imul(line, 0x85ebca6b);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  hash ^= hash >>> 13;
  return (hash << 2) & (slots.length - 1);
}

/** The slot after one. */
export function nextPlain(slots: Int32Array, at: number): number {
  return (at + WIDTH) & (slots.length - 1);
}

function place(slots: Int32Array, functionIndex: number, line: number, mapping: number, entry: number): void {
  let at = plainHome(slots, functionIndex, line);
  while (slots[at + 3] !== 0) at = nextPlain(slots, at);
  slots[at] = functionIndex;
  slots[at + 1] = line;
  slots[at + 2] = mapping;
  slots[at + 3] = entry;
}
