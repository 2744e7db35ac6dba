import { grown } from "@hearth/symbols";

/** 32-bit numbers, appended one by one. */
export class Uint32List {
  #items = new Uint32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  append(item: number): void {
    if (this.#count === this.#items.length) this.#items = grown(this.#items, this.#count + 1);
    this.#items[this.#count++] = item;
  }

  at(index: number): number {
    return this.#items[index]!;
  }

  /** The item appended last; there must be one. */
  last(): number {
    return this.#items[this.#count - 1]!;
  }

  /** Forgets all items from `count` on. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** What was appended so far; a view. */
  build(): Uint32Array {
    return this.#items.subarray(0, this.#count);
  }

  /** The same as signed numbers. */
  buildSigned(): Int32Array {
    return new Int32Array(this.#items.buffer, 0, this.#count);
  }
}
