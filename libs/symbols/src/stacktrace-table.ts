import type { Memory } from "@hearth/arena";
import type { StacktraceColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { PairInterner } from "./pair-interner.ts";

/** Distinct stack traces as pairs of a parent and a location; stack trace 0 is the root. */
export class StacktraceTable {
  readonly #memory: Memory;
  readonly #pairs: PairInterner;
  /**
   * For each location the stack trace that it was found in last, 0 when in none. Most locations are in few, so that the
   * next is mostly the same, which is seen without hashing, and before its parent is known.
   */
  #latest: Uint32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#pairs = new PairInterner(64, memory);
    this.#pairs.intern(0, 0);
    this.#latest = memory.uint32(64);
  }

  get count(): number {
    return this.#pairs.count;
  }

  /**
   * Takes over stack traces.
   *
   * @param wanted - 1 for each that is taken over, with its ancestors.
   * @param locations - for each location of theirs its number here.
   * @param locationCount - what those numbers are below.
   * @param numbers - where the numbers of the stack traces go; that of the root is there.
   */
  internAll(
    { parent, location }: StacktraceColumns,
    wanted: Uint8Array,
    { locations, locationCount }: { locations: Uint32Array; locationCount: number },
    numbers: Uint32Array,
  ): void {
    const pairs = this.#pairs;
    const latest = (this.#latest = grown(this.#latest, locationCount, this.#memory));
    let parents = pairs.first;
    for (let i = 1; i < wanted.length; i++) {
      if (wanted[i] === 0) continue;
      const parentHere = numbers[parent[i]!]!;
      const locationHere = locations[location[i]!]!;
      let id = latest[locationHere]!;
      if (id === 0 || parents[id] !== parentHere) {
        id = pairs.intern(parentHere, locationHere);
        parents = pairs.first;
        latest[locationHere] = id;
      }
      numbers[i] = id;
    }
  }

  /** Not copied: good until the next stack trace is added. */
  view(): StacktraceColumns {
    const count = this.#pairs.count;
    return { parent: this.#pairs.first.subarray(0, count), location: this.#pairs.second.subarray(0, count) };
  }
}
