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

  /** Inserts before `position <= count`. Cheap near the end, which is where new blocks go. */
  insert(position: number, row: number): void {
    if (this.#count === this.#rows.length) this.#grow();
    this.#rows.copyWithin(position + 1, position, this.#count);
    this.#rows[position] = row;
    this.#count++;
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

  #grow(): void {
    const larger = new Uint32Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }
}
