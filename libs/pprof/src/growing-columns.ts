import type { Memory } from "@hearth/arena";
import { WORD, type ExactColumn } from "@hearth/exact-integers";
import type { WireReader } from "@hearth/protobuf-wire";

const TWO_32 = 2 ** 32;
const MIN_CAPACITY = 64;

/** 32-bit numbers, appended one by one. */
export class Uint32Builder {
  readonly #memory: Memory;
  #items: Uint32Array;
  count = 0;

  constructor(memory: Memory, capacity = MIN_CAPACITY) {
    this.#memory = memory;
    this.#items = memory.uint32(capacity);
  }

  append(item: number): void {
    if (this.count === this.#items.length) this.#grow();
    this.#items[this.count++] = item;
  }

  /** What was appended so far; a view. */
  finish(): Uint32Array {
    return this.#items.subarray(0, this.count);
  }

  #grow(): void {
    this.#items = grownUint32(this.#memory, this.#items, this.count + 1);
  }
}

/** Unsigned 64-bit numbers in two columns; the upper one exists from the first number on that needs it. */
export class Uint64Builder {
  readonly #memory: Memory;
  #low: Uint32Array;
  #high: Uint32Array | undefined;
  count = 0;

  constructor(memory: Memory, capacity = MIN_CAPACITY) {
    this.#memory = memory;
    this.#low = memory.uint32(capacity);
  }

  append(low: number, high: number): void {
    this.reserve(1);
    this.#store(low, high);
  }

  /** Makes room for so many more. */
  reserve(count: number): void {
    const needed = this.count + count;
    if (needed <= this.#low.length) return;
    this.#low = grownUint32(this.#memory, this.#low, needed);
    if (this.#high !== undefined) this.#high = grownUint32(this.#memory, this.#high, needed);
  }

  /** Appends the varints in `[reader.position, end)`. */
  appendPacked(reader: WireReader, end: number): void {
    const bytes = reader.bytes;
    let position = reader.position;
    this.reserve(end - position);
    const low = this.#low;
    let count = this.count;
    while (position < end) {
      const a = bytes[position]!;
      if (a < 0x80) {
        low[count++] = a;
        position++;
        continue;
      }
      const b = bytes[position + 1]!;
      if (b < 0x80) {
        low[count++] = (a & 0x7f) | (b << 7);
        position += 2;
        continue;
      }
      const c = bytes[position + 2]!;
      if (c < 0x80) {
        low[count++] = (a & 0x7f) | ((b & 0x7f) << 7) | (c << 14);
        position += 3;
        continue;
      }
      reader.position = position;
      reader.varint();
      position = reader.position;
      this.count = count;
      this.#store(reader.low, reader.high);
      count = this.count;
    }
    this.count = count;
    reader.position = position;
  }

  #store(low: number, high: number): void {
    this.#low[this.count] = low;
    if (high !== 0) {
      this.#high ??= this.#memory.uint32(this.#low.length);
      this.#high[this.count] = high;
    }
    this.count++;
  }

  /** Takes over what another column holds. */
  copyFrom(other: { readonly low: Uint32Array; readonly high: Uint32Array | undefined }): void {
    this.#low = other.low.slice();
    this.#high = other.high?.slice();
    this.count = other.low.length;
  }

  get low(): Uint32Array {
    return this.#low.subarray(0, this.count);
  }

  get high(): Uint32Array | undefined {
    return this.#high?.subarray(0, this.count);
  }
}

/**
 * Signed 64-bit numbers. Those that are not negative are exact, as `ExactColumn` has them; of a negative one only the
 * sign is kept for sure: its low part is below zero.
 */
export class Int64Builder {
  readonly #memory: Memory;
  #low: Float64Array;
  #high: Float64Array | undefined;
  count = 0;

  constructor(memory: Memory, capacity = MIN_CAPACITY) {
    this.#memory = memory;
    this.#low = memory.float64(capacity);
  }

  append(low: number, high: number): void {
    this.reserve(1);
    this.#store(low, high);
  }

  /** Makes room for so many more. */
  reserve(count: number): void {
    const needed = this.count + count;
    if (needed <= this.#low.length) return;
    this.#low = grownFloat64(this.#memory, this.#low, needed);
    if (this.#high !== undefined) this.#high = grownFloat64(this.#memory, this.#high, needed);
  }

  /** Appends the varints in `[reader.position, end)`. */
  appendPacked(reader: WireReader, end: number): void {
    this.reserve(end - reader.position);
    while (reader.position < end) {
      const byte = reader.bytes[reader.position]!;
      if (byte < 0x80) {
        reader.position++;
        this.#low[this.count++] = byte;
        continue;
      }
      reader.varint();
      this.#store(reader.low, reader.high);
    }
  }

  #store(low: number, high: number): void {
    if (high < 0x10_00_00) {
      this.#low[this.count++] = high * TWO_32 + low;
    } else if (high >= 0x80_00_00_00) {
      this.#low[this.count++] = -((~high >>> 0) * TWO_32 + (~low >>> 0) + 1);
    } else {
      this.#high ??= this.#memory.float64(this.#low.length);
      this.#high[this.count] = high >>> 20;
      this.#low[this.count++] = (high & 0x0f_ff_ff) * TWO_32 + low;
    }
  }

  finish(): ExactColumn {
    return { low: this.#low.subarray(0, this.count), high: this.#high?.subarray(0, this.count) };
  }
}

/** One value of a column that may hold negative ones, as `Int64Builder` makes it. */
export function int64ToBigInt(column: ExactColumn, index: number): bigint {
  const low = column.low[index]!;
  return BigInt(column.high?.[index] ?? 0) * BigInt(WORD) + BigInt(low);
}

function grownUint32(memory: Memory, items: Uint32Array, needed: number): Uint32Array {
  const larger = memory.uint32(Math.max(needed, items.length * 2));
  larger.set(items);
  return larger;
}

function grownFloat64(memory: Memory, items: Float64Array, needed: number): Float64Array {
  const larger = memory.float64(Math.max(needed, items.length * 2));
  larger.set(items);
  return larger;
}
