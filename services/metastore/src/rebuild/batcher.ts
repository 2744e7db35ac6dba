export interface BatchLimits {
  /** Items of a batch, at least 1. */
  readonly maxCount: number;
  /** Bytes of a batch; an item that is larger goes alone. */
  readonly maxBytes: number;
}

/** Gathers items into batches that keep within limits, in the order in which they come. */
export class Batcher<T> {
  readonly #limits: BatchLimits;
  #items: T[] = [];
  #sizeBytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** @returns a batch that is complete, if the item does not fit into it or was its last. */
  add(item: T, sizeBytes: number): readonly T[] | undefined {
    const { maxCount, maxBytes } = this.#limits;
    const overflows = this.#items.length > 0 && this.#sizeBytes + sizeBytes > maxBytes;
    const before = overflows ? this.take() : undefined;
    this.#items.push(item);
    this.#sizeBytes += sizeBytes;
    if (before) return before;
    return this.#items.length >= maxCount ? this.take() : undefined;
  }

  /** What waits; undefined when nothing does. */
  take(): readonly T[] | undefined {
    if (this.#items.length === 0) return undefined;
    const items = this.#items;
    this.#items = [];
    this.#sizeBytes = 0;
    return items;
  }
}
