/**
 * Memory for the columns of one task after another. Decoding a profile takes fifty typed arrays that are dead a
 * millisecond later. Taken from the heap, each is an allocation outside of it, of which the garbage collector sees only
 * how many bytes there are: at some number it marks the whole heap, code and all, fifty times a second in a busy thread.
 * An arena lays the arrays of a task side by side in a few large buffers, and begins anew for the next task.
 */

/** Where typed arrays come from. All elements are zero. */
export interface Memory {
  uint8(length: number): Uint8Array<ArrayBuffer>;
  uint32(length: number): Uint32Array<ArrayBuffer>;
  int32(length: number): Int32Array<ArrayBuffer>;
  float64(length: number): Float64Array<ArrayBuffer>;
}

/** The garbage collector's: arrays live as long as somebody holds them. */
export const heap: Memory = {
  uint8: (length) => new Uint8Array(length),
  uint32: (length) => new Uint32Array(length),
  int32: (length) => new Int32Array(length),
  float64: (length) => new Float64Array(length),
};

/** A buffer that arrays are laid into, one after another. */
interface Chunk {
  readonly buffer: ArrayBuffer;
  /** Bytes in use. */
  used: number;
  /** Bytes that may not be zero: `used <= dirty` but while an array is laid. */
  dirty: number;
}

export interface ArenaSettings {
  /** Size of a buffer; a larger array has one of its own. */
  readonly chunkBytes?: number;
  /** What an arena holds on to between tasks; what a large task took beyond is given back. */
  readonly keptBytes?: number;
}

/**
 * Memory that is taken back all at once.
 *
 * @remarks Arrays from it must not outlive {@link Arena.reset}: they would show the next task's numbers. So only code
 * that copies all it returns may reset an arena, and nothing that is kept or moved to another thread may lie in one.
 */
export class Arena implements Memory {
  readonly #chunkBytes: number;
  readonly #keptBytes: number;
  #chunks: Chunk[] = [];
  /** Index of the chunk that is being filled; those before are full. */
  #current = 0;

  constructor({ chunkBytes = 1 << 20, keptBytes = 8 << 20 }: ArenaSettings = {}) {
    this.#chunkBytes = chunkBytes;
    this.#keptBytes = keptBytes;
  }

  /** Bytes that it holds, in use or not. */
  get sizeBytes(): number {
    return this.#chunks.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  uint8(length: number): Uint8Array<ArrayBuffer> {
    const chunk = this.#reserve(length);
    return new Uint8Array(chunk.buffer, this.#take(chunk, length), length);
  }

  uint32(length: number): Uint32Array<ArrayBuffer> {
    const chunk = this.#reserve(length * 4);
    return new Uint32Array(chunk.buffer, this.#take(chunk, length * 4), length);
  }

  int32(length: number): Int32Array<ArrayBuffer> {
    const chunk = this.#reserve(length * 4);
    return new Int32Array(chunk.buffer, this.#take(chunk, length * 4), length);
  }

  float64(length: number): Float64Array<ArrayBuffer> {
    const chunk = this.#reserve(length * 8);
    return new Float64Array(chunk.buffer, this.#take(chunk, length * 8), length);
  }

  /** Takes all arrays back: whoever still holds one must not use it any more. */
  reset(): void {
    let keptBytes = 0;
    this.#chunks = this.#chunks.filter(({ buffer }) => (keptBytes += buffer.byteLength) <= this.#keptBytes);
    for (const chunk of this.#chunks) chunk.used = 0;
    this.#current = 0;
  }

  /** A chunk that has room. */
  #reserve(sizeBytes: number): Chunk {
    for (; this.#current < this.#chunks.length; this.#current++) {
      const chunk = this.#chunks[this.#current]!;
      if (chunk.used + sizeBytes <= chunk.buffer.byteLength) return chunk;
    }
    const buffer = new ArrayBuffer(Math.max(this.#chunkBytes, align8(sizeBytes)));
    const chunk = { buffer, used: 0, dirty: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** @returns where the array begins. */
  #take(chunk: Chunk, sizeBytes: number): number {
    const start = chunk.used;
    const end = start + align8(sizeBytes);
    if (start < chunk.dirty) {
      new Uint8Array(chunk.buffer, start, Math.min(end, chunk.dirty) - start).fill(0);
    }
    chunk.used = end;
    if (end > chunk.dirty) chunk.dirty = end;
    return start;
  }
}

function align8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
