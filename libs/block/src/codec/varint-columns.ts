import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";

/**
 * Writes columns of 32-bit numbers as variable-length integers (LEB128), one column after the other. What is small
 * must be made small before: by deltas, by zigzag.
 */
export class VarintWriter {
  readonly #memory: Memory;
  #bytes: Uint8Array;
  #length = 0;

  /** @param memory - where the bytes lie. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.#bytes = memory.uint8(4096);
  }

  /** One unsigned number below 2^32. */
  uint(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow(5);
    const bytes = this.#bytes;
    let rest = value >>> 0;
    while (rest >= 0x80) {
      bytes[this.#length++] = rest | 0x80;
      rest >>>= 7;
    }
    bytes[this.#length++] = rest;
  }

  /** One unsigned number up to 2^53 - 1. */
  wide(value: number): void {
    if (value < 2 ** 32) {
      this.uint(value);
      return;
    }
    if (this.#length + 4 > this.#bytes.length) this.#grow(4);
    let low = value % 2 ** 28;
    for (let i = 0; i < 4; i++) {
      this.#bytes[this.#length++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    this.uint(Math.floor(value / 2 ** 28));
  }

  /** One signed number of 32 bits: 0, -1, 1, -2, … become 0, 1, 2, 3, … */
  int(value: number): void {
    this.uint((value << 1) ^ (value >> 31));
  }

  bytes(source: Uint8Array): void {
    if (this.#length + source.length > this.#bytes.length) this.#grow(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** What was written so far; valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(room: number): void {
    const bigger = this.#memory.uint8(Math.max(this.#bytes.length * 2, this.#length + room));
    bigger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bigger;
  }
}

/** Reads what {@link VarintWriter} wrote. @throws {DataLossError} past the end. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  readonly #section: string;
  #at = 0;

  /** @param section - names the section in errors. */
  constructor(bytes: Uint8Array, section: string) {
    this.#bytes = bytes;
    this.#section = section;
  }

  uint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; ; shift += 7) {
      byte = bytes[this.#at++]!;
      if (byte === undefined || shift > 28)
        throw new DataLossError(`block: bad varint: section=${this.#section}`);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  wide(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 49)
        throw new DataLossError(`block: bad varint: section=${this.#section}`);
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (value > Number.MAX_SAFE_INTEGER)
        throw new DataLossError(`block: number out of range: section=${this.#section}`);
      return value;
    }
  }

  int(): number {
    const value = this.uint();
    return (value >>> 1) ^ -(value & 1);
  }

  bytes(length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new DataLossError(`block: ends early: section=${this.#section}`);
    return this.#bytes.subarray(start, this.#at);
  }

  /** A number of entries, the first of them implied, that each take at least one byte: so damage cannot ask for gigabytes. */
  count(): number {
    const count = this.uint();
    if (count > this.#bytes.length - this.#at + 1) {
      throw new DataLossError(`block: more entries than bytes: section=${this.#section} entries=${count}`);
    }
    return count;
  }

  /** @throws {DataLossError} when bytes are left or reading ran past them. */
  end(): void {
    if (this.#at !== this.#bytes.length) {
      throw new DataLossError(`block: bytes left over or missing: section=${this.#section}`);
    }
  }
}
