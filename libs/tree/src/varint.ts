import { WORD } from "@hearth/exact-integers";
import { DataLossError } from "@hearth/errors";
import { grown } from "@hearth/symbols";

const TWO_POW_28 = 2 ** 28;
const TWO_POW_24 = 2 ** 24;

/** Bytes that grow, written as little-endian base 128 (protobuf's and Go's unsigned varints). */
export class VarintWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #length = 0;

  /** Writes an integer, `0 <= value < 2^53`. */
  uint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= TWO_POW_28) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#small(rest);
  }

  /** Writes `high · 2^52 + low`, below 2^63. */
  exact(low: number, high: number): void {
    if (high === 0) return this.uint(low);
    this.#reserve(10);
    // The lowest 28 bits, then the rest, which is below 2^36.
    const bottom = low % TWO_POW_28;
    const top = Math.floor(low / TWO_POW_28) + high * TWO_POW_24;
    for (let shift = 0; shift < 28; shift += 7)
      this.#bytes[this.#length++] = ((bottom >>> shift) & 127) | 128;
    this.uint(top);
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was written, copied to size. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes.subarray(0, this.#length));
  }

  #small(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #reserve(sizeBytes: number): void {
    this.#bytes = grown(this.#bytes, this.#length + sizeBytes);
  }
}

/** Reads what {@link VarintWriter} wrote; throws {@link DataLossError} where that cannot be. */
export class VarintReader {
  /** High part of the last {@link exact}. */
  high = 0;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** An integer `0 <= value < limit`. */
  uint(limit: number): number {
    const low = this.exact();
    const value = low + this.high * WORD;
    if (value >= limit) throw new DataLossError(`number out of range: value=${value} limit=${limit}`);
    return value;
  }

  /** The low part of an integer below 2^63; its high part is then in {@link high}. */
  exact(): number {
    this.high = 0;
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return this.#wide(value);
  }

  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new DataLossError("bytes end early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Goes on after four bytes: up to 36 bits more. */
  #wide(bottom: number): number {
    let top = 0;
    let scale = 1;
    for (let count = 4; ; count++, scale *= 128) {
      const byte = this.#byte();
      top += (byte & 127) * scale;
      if (byte < 128) break;
      if (count === 9) throw new DataLossError("number does not fit 63 bits");
    }
    if (top >= 2 ** 35) throw new DataLossError("number does not fit 63 bits");
    this.high = Math.floor(top / TWO_POW_24);
    return bottom + (top % TWO_POW_24) * TWO_POW_28;
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new DataLossError("bytes end early");
    return this.#bytes[this.#at++]!;
  }
}
