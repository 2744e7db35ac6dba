import type { StacktraceColumns } from "@hearth/symbols";
import { PairInterner } from "@hearth/symbols";

/**
 * Stacks as a tree that grows from the root: stacks that share their roots share nodes. Locations are numbered from 1 in
 * the order in which stacks first use them.
 */
export class StackTree {
  readonly #nodes: PairInterner;
  /** Number of each location of the profile, 0 while it has none. */
  readonly #locationNumber: Uint32Array;
  /** Locations of the profile by number; entry 0 is the empty one. */
  readonly #used: number[] = [0];
  /** The stack inserted last, root first: numbers of its locations, and its nodes. */
  #lastLocations = new Uint32Array(64);
  #lastNodes = new Uint32Array(64);
  #lastDepth = 0;

  constructor(locationCount: number) {
    this.#nodes = new PairInterner(locationCount * 2);
    this.#nodes.intern(0, 0);
    this.#locationNumber = new Uint32Array(locationCount);
  }

  /**
   * @param locations - leaf first, `[start, end)`.
   * @param canonical - what to take for each location.
   * @returns the node of the leaf, 0 for no locations.
   */
  insert(locations: Uint32Array, start: number, end: number, canonical: Uint32Array): number {
    const depth = end - start;
    this.#reserve(depth);
    const lastLocations = this.#lastLocations;
    const lastNodes = this.#lastNodes;
    let node = 0;
    let isShared = true;
    for (let level = 0; level < depth; level++) {
      const location = this.#numberOf(canonical[locations[end - 1 - level]!]!);
      // Most stacks begin as the one before does.
      isShared = isShared && level < this.#lastDepth && lastLocations[level] === location;
      if (isShared) {
        node = lastNodes[level]!;
        continue;
      }
      node = this.#nodes.intern(node, location);
      lastLocations[level] = location;
      lastNodes[level] = node;
    }
    this.#lastDepth = depth;
    return node;
  }

  get nodeCount(): number {
    return this.#nodes.count;
  }

  /** Locations of the profile that stacks use, by their numbers in the tree; entry 0 is the empty one. */
  get usedLocations(): readonly number[] {
    return this.#used;
  }

  build(): StacktraceColumns {
    const count = this.#nodes.count;
    return { parent: this.#nodes.first.slice(0, count), location: this.#nodes.second.slice(0, count) };
  }

  #numberOf(location: number): number {
    const known = this.#locationNumber[location]!;
    if (known !== 0) return known;
    const number = this.#used.push(location) - 1;
    this.#locationNumber[location] = number;
    return number;
  }

  #reserve(depth: number): void {
    if (depth <= this.#lastNodes.length) return;
    const locations = new Uint32Array(depth * 2);
    locations.set(this.#lastLocations);
    const nodes = new Uint32Array(depth * 2);
    nodes.set(this.#lastNodes);
    this.#lastLocations = locations;
    this.#lastNodes = nodes;
  }
}
