import { invariant } from "@hearth/errors";
import { grown } from "./record-store.ts";

/** Row numbers in an order that the owner defines, in one typed array. */
export class RowList {
  #rows = new Uint32Array(4);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The row at `position < count`. */
  at(position: number): number {
    return this.#rows[position]!;
  }

  /** Inserts a row where `compare` has it. Cheap near the end, which is where new blocks go. */
  insert(row: number, compare: (a: number, b: number) => number): void {
    if (this.#count === this.#rows.length) this.#rows = grown(this.#rows);
    const isLast = this.#count === 0 || compare(this.#rows[this.#count - 1]!, row) < 0;
    const position = isLast ? this.#count : this.lowerBound((other) => compare(other, row) < 0);
    this.#rows.copyWithin(position + 1, position, this.#count);
    this.#rows[position] = row;
    this.#count++;
  }

  /** Takes out a row that is in the list, given the order it was inserted by. */
  remove(row: number, compare: (a: number, b: number) => number): void {
    const position = this.lowerBound((other) => compare(other, row) < 0);
    invariant(this.#rows[position] === row && position < this.#count, `no such row: ${row}`);
    this.#rows.copyWithin(position, position + 1, this.#count);
    this.#count--;
  }

  /** The first position whose row is not before what is sought; `isBefore` is true for a prefix of the rows. */
  lowerBound(isBefore: (row: number) => boolean): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#rows[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
