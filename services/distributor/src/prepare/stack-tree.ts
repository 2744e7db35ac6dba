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
  /** Number of each location of the profile, 0 while it has none. */
  readonly #locationNumber: Uint32Array;
  /** Locations of the profile by number; entry 0 is the empty one. */
  readonly #used: number[] = [0];

  /** @param locationCount - of the profile, the empty one among them. */
  constructor(locationCount: number) {
    this.#nodes = new PairInterner(locationCount * 2);
    this.#nodes.intern(0, 0);
    this.#lastChild = new Uint32Array(locationCount * 2);
    this.#locationNumber = new Uint32Array(locationCount);
  }

  /**
   * @param locations - leaf first, `[start, end)`.
   * @param canonical - what to take for each location.
   * @returns the node of the leaf, 0 for no locations.
   */
  insert(locations: Uint32Array, start: number, end: number, canonical: Uint32Array): number {
    let node = 0;
    for (let at = end - 1; at >= start; at--) {
      const location = canonical[locations[at]!]!;
      const number = this.#locationNumber[location]!;
      const likely = this.#lastChild[node]!;
      if (likely !== 0 && number !== 0 && this.#nodes.second[likely] === number) node = likely;
      else node = this.#walk(node, number === 0 ? this.#addLocation(location) : number);
    }
    return node;
  }

  /** Locations of the profile that stacks use, by their numbers in the tree; entry 0 is the empty one. */
  get usedLocations(): readonly number[] {
    return this.#used;
  }

  build(): StacktraceColumns {
    const count = this.#nodes.count;
    return { parent: this.#nodes.first.slice(0, count), location: this.#nodes.second.slice(0, count) };
  }

  #walk(parent: number, location: number): number {
    const node = this.#nodes.intern(parent, location);
    this.#lastChild = grown(this.#lastChild, node + 1);
    this.#lastChild[parent] = node;
    return node;
  }

  #addLocation(location: number): number {
    const number = this.#used.push(location) - 1;
    this.#locationNumber[location] = number;
    return number;
  }
}
