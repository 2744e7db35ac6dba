import type { Memory } from "@hearth/arena";
import { grown, PairInterner, type StacktraceColumns } from "@hearth/symbols";

/**
 * Stacks as a tree that grows from the root: stacks that share their roots share nodes. Locations are numbered from 1 in
 * the order in which stacks first use them.
 */
export class StackTree {
  /** Pairs of (parent, location); pair 0 is the root. */
  readonly #nodes: PairInterner;
  /** The child of each node that was last walked through, which is nearly always the next one too; 0 for none. */
  #lastChild: Uint32Array;
  /** Number of each location of the profile, equal ones have one; 0 while it has none. */
  readonly #locationNumber: Uint32Array;
  /** Locations of the profile by number; entry 0 is the empty one. */
  readonly #used: Uint32Array;
  #usedCount = 1;
  readonly #memory: Memory;

  /** @param locationCount - of the profile, the empty one among them. */
  constructor(locationCount: number, memory: Memory) {
    this.#memory = memory;
    this.#nodes = new PairInterner(locationCount * 2, memory);
    this.#nodes.intern(0, 0);
    this.#lastChild = memory.uint32(locationCount * 2);
    this.#locationNumber = memory.uint32(locationCount);
    this.#used = memory.uint32(locationCount);
  }

  /**
   * @param locations - leaf first, `[start, end)`.
   * @param canonical - what to take for each location.
   * @returns the node of the leaf, 0 for no locations.
   */
  insert(locations: Uint32Array, start: number, end: number, canonical: Uint32Array): number {
    const numbers = this.#locationNumber;
    let node = 0;
    for (let at = end - 1; at >= start; at--) {
      const location = locations[at]!;
      const number = numbers[location]! || this.#numberLocation(location, canonical);
      const likely = this.#lastChild[node]!;
      node = likely !== 0 && this.#nodes.second[likely] === number ? likely : this.#walk(node, number);
    }
    return node;
  }

  /** Locations of the profile that stacks use, by their numbers in the tree; entry 0 is the empty one. */
  get usedLocations(): Uint32Array {
    return this.#used.subarray(0, this.#usedCount);
  }

  /** Not copied: good until the next stack is inserted. */
  view(): StacktraceColumns {
    const { count, first, second } = this.#nodes;
    return { parent: first.subarray(0, count), location: second.subarray(0, count) };
  }

  #walk(parent: number, location: number): number {
    const node = this.#nodes.intern(parent, location);
    this.#lastChild = grown(this.#lastChild, node + 1, this.#memory);
    this.#lastChild[parent] = node;
    return node;
  }

  #numberLocation(location: number, canonical: Uint32Array): number {
    const first = canonical[location]!;
    let number = this.#locationNumber[first]!;
    if (number === 0) {
      number = this.#usedCount++;
      this.#used[number] = first;
      this.#locationNumber[first] = number;
    }
    this.#locationNumber[location] = number;
    return number;
  }
}
