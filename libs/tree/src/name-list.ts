import type { StringColumn } from "@hearth/symbols";

import { FOLDED, FOLDED_BYTES, nameCount } from "./tree.ts";

/** What the root of a flame graph is called: number 0 of its names. */
export const ROOT_NAME = 0;

const ROOT_BYTES = new TextEncoder().encode("total");

/** The names that a flame graph shows, numbered as they are first asked for; {@link ROOT_NAME} is `total`. */
export class NameList {
  /** UTF-8, views of the column. */
  readonly utf8: Uint8Array[] = [ROOT_BYTES];
  readonly #names: StringColumn;
  /** Number of each name, 0 where it has none yet. */
  readonly #numbers: Uint32Array;
  #foldedNumber = 0;

  constructor(names: StringColumn) {
    this.#names = names;
    this.#numbers = new Uint32Array(nameCount(names));
  }

  /** The number of a name. A function without a name is not the root: its name is an empty one of its own. */
  number(name: number): number {
    if (name === FOLDED) {
      if (this.#foldedNumber === 0) this.#foldedNumber = this.utf8.push(FOLDED_BYTES) - 1;
      return this.#foldedNumber;
    }
    if (this.#numbers[name] === 0) {
      const { bytes, offsets } = this.#names;
      this.#numbers[name] = this.utf8.push(bytes.subarray(offsets[name], offsets[name + 1])) - 1;
    }
    return this.#numbers[name]!;
  }
}
