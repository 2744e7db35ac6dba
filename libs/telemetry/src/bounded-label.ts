/**
 * Keeps a label's values few: the first `capacity` distinct values pass, any other becomes `overflow`. For values that
 * clients choose, such as scope names; each new value of a label is a new series that is never freed.
 */
export class BoundedLabel {
  readonly #capacity: number;
  readonly #overflow: string;
  readonly #known = new Set<string>();

  constructor(capacity: number, overflow = "other") {
    this.#capacity = capacity;
    this.#overflow = overflow;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#capacity) return this.#overflow;
    this.#known.add(value);
    return value;
  }
}
