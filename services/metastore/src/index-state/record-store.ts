/** Chunks double with what is stored, from the first to the last size: a partition may hold ten blocks or a million. */
const MIN_CHUNK_BYTES = 4 * 1024;
const MAX_CHUNK_BYTES = 1024 * 1024;

/**
 * Byte strings, numbered from 0, only ever appended. They lie in large chunks: an array of its own for each would cost
 * more than most of them hold, and one array for all would be copied as it grows.
 */
export class RecordStore {
  readonly #chunks: Uint8Array[] = [];
  /** Of the last chunk. */
  #chunkUsed = 0;
  #chunkBytes = 0;
  #count = 0;
  /** For each record: its chunk, and where in it the record begins and ends. */
  #places = new Uint32Array(3 * 16);

  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#chunkBytes + this.#places.byteLength;
  }

  /** @returns the number of the record. */
  append(record: Uint8Array): number {
    const chunk = this.#chunkFor(record.length);
    chunk.set(record, this.#chunkUsed);
    const place = this.#count * 3;
    if (place === this.#places.length) this.#places = grown(this.#places);
    this.#places[place] = this.#chunks.length - 1;
    this.#places[place + 1] = this.#chunkUsed;
    this.#chunkUsed += record.length;
    this.#places[place + 2] = this.#chunkUsed;
    return this.#count++;
  }

  /** A view of record `number < count`. */
  record(number: number): Uint8Array {
    const place = number * 3;
    const chunk = this.#chunks[this.#places[place]!]!;
    return chunk.subarray(this.#places[place + 1], this.#places[place + 2]);
  }

  #chunkFor(sizeBytes: number): Uint8Array {
    const last = this.#chunks.at(-1);
    if (last && this.#chunkUsed + sizeBytes <= last.length) return last;
    const usual = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, this.#chunkBytes));
    const chunk = new Uint8Array(Math.max(sizeBytes, usual));
    this.#chunkBytes += chunk.length;
    this.#chunks.push(chunk);
    this.#chunkUsed = 0;
    return chunk;
  }
}

/** The same numbers with room for as many more. */
export function grown<T extends Uint8Array | Uint32Array | Float64Array>(column: T): T {
  const larger = new (column.constructor as new (length: number) => T)(column.length * 2);
  larger.set(column);
  return larger;
}
