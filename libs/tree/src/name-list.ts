import { stringAt, type StringColumn } from "@hearth/symbols";

import { FOLDED, FOLDED_TEXT, nameCount } from "./tree.ts";

/** What the root of a flame graph is called: number 0 of its names. */
export const ROOT_NAME = 0;

/** The names that a flame graph shows, numbered as they are first asked for; {@link ROOT_NAME} is `total`. */
export class NameList {
  readonly texts: string[] = ["total"];
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
      if (this.#foldedNumber === 0) this.#foldedNumber = this.texts.push(FOLDED_TEXT) - 1;
      return this.#foldedNumber;
    }
    if (this.#numbers[name] === 0) this.#numbers[name] = this.texts.push(stringAt(this.#names, name)) - 1;
    return this.#numbers[name]!;
  }
}
