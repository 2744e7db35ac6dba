/** Where the bytes of a block go as they are made, one part after another: memory, or a file. */
export interface PartSink {
  /**
   * Appends bytes. They are not changed afterwards, so the sink may hold on to them.
   *
   * @throws what storing them throws; the block is of no use then.
   */
  write(bytes: Uint8Array): void;
}

/** Keeps a block in memory. */
export class MemoryPartSink implements PartSink {
  readonly #parts: Uint8Array[] = [];
  #sizeBytes = 0;

  write(bytes: Uint8Array): void {
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
  }

  /** All that was written, in bytes of its own. */
  build(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
