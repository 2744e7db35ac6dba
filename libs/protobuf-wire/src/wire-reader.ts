import { InvalidArgumentError } from "@hearth/errors";
import {
  WIRE_BYTES,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_VARINT,
} from "./wire-type.ts";

/** Stands for every unsigned number that 32 bits cannot hold, and for every negative one. */
export const SATURATED = 0xff_ff_ff_ff;

/** What a reader says of the message, and how much of it may become entries in memory. */
export interface WireReaderOptions {
  /** Names the message in errors; a profile by default. */
  readonly subject?: string;
  /** Messages that become entries of tables, together; never more than {@link WireReader.countEntry} lets through. */
  readonly maxEntryCount?: number;
  /** Numbers that are kept in lists, together. */
  readonly maxListedCount?: number;
}

const MAX_GROUP_DEPTH = 100;

/**
 * Reads protobuf from bytes without copying or making objects.
 *
 * Bounds are checked where a message ends, not at each byte: past the end of the input bytes read as `undefined`, which
 * never ends a varint, so reading stops within ten bytes; whoever loops over a message's fields then calls `closeAt`.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  position = 0;
  /** Lower and upper 32 bits of the number read last by `varint` or `fixed64`, unsigned. */
  low = 0;
  high = 0;

  readonly #subject: string;
  readonly #maxEntryCount: number;
  readonly #maxListedCount: number;
  #entryCount = 0;
  #listedCount = 0;

  constructor(bytes: Uint8Array, options: WireReaderOptions = {}) {
    const { subject = "profile", maxEntryCount = Infinity, maxListedCount = Infinity } = options;
    this.bytes = bytes;
    this.#subject = subject;
    this.#maxEntryCount = Math.min(maxEntryCount, 1024 + bytes.length / 4);
    this.#maxListedCount = maxListedCount;
  }

  /**
   * Counts a message that will become an entry of a table. Real ones take four bytes or more; a message of empty ones
   * would grow to many times its size in memory, and is refused.
   */
  countEntry(): void {
    if (++this.#entryCount > this.#maxEntryCount) throw this.malformed("it has too many entries");
  }

  /** Counts a number that will be kept in a list. */
  countListed(): void {
    if (++this.#listedCount > this.#maxListedCount) throw this.malformed("its lists are too long");
  }

  /** Reads a varint of up to 64 bits into `low` and `high`. */
  varint(): void {
    const bytes = this.bytes;
    let position = this.position;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[position++]!;
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.#end(position, low, 0);
    }
    const middle = bytes[position++]!;
    low |= (middle & 0x0f) << 28;
    let high = (middle & 0x70) >> 4;
    if (middle < 0x80) return this.#end(position, low, high);
    for (let shift = 3; shift < 38; shift += 7) {
      const byte = bytes[position++]!;
      if (shift < 32) high |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.#end(position, low, high);
    }
    throw this.malformed("a number is cut off or longer than ten bytes");
  }

  /** Reads eight bytes, little-endian, into `low` and `high`. */
  fixed64(): void {
    const { bytes, position } = this;
    let low = 0;
    let high = 0;
    for (let i = 0; i < 4; i++) {
      low |= bytes[position + i]! << (8 * i);
      high |= bytes[position + 4 + i]! << (8 * i);
    }
    this.#end(position + 8, low, high);
  }

  #end(position: number, low: number, high: number): void {
    this.position = position;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** Reads an unsigned number; {@link SATURATED} when it does not fit 32 bits. */
  uint32(): number {
    const byte = this.bytes[this.position]!;
    if (byte < 0x80) {
      this.position++;
      return byte;
    }
    this.varint();
    return this.high === 0 ? this.low : SATURATED;
  }

  /** Reads a signed number, clamped to 32 bits. */
  int32(): number {
    this.varint();
    const high = this.high | 0;
    if (high === 0) return Math.min(this.low, 0x7f_ff_ff_ff);
    if (high > 0) return 0x7f_ff_ff_ff;
    return high === -1 && this.low >= 0x80_00_00_00 ? this.low | 0 : -0x80_00_00_00;
  }

  /** Reads a signed 64-bit number, as a bigint when a double cannot hold it. */
  exactInt64(): number | bigint {
    this.varint();
    const number = (this.high | 0) * 2 ** 32 + this.low;
    return Number.isSafeInteger(number) ? number : BigInt.asIntN(64, this.#wide());
  }

  /** Reads a signed 64-bit number. */
  int64(): bigint {
    return BigInt.asIntN(64, this.uint64());
  }

  uint64(): bigint {
    this.varint();
    return this.#wide();
  }

  fixed64Value(): bigint {
    this.fixed64();
    return this.#wide();
  }

  bool(): boolean {
    this.varint();
    return (this.low | this.high) !== 0;
  }

  #wide(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  /**
   * Reads the length of a nested message, string or packed list.
   *
   * @param limit - end of what surrounds it.
   * @returns where it ends.
   */
  nestedEnd(limit: number): number {
    const length = this.uint32();
    const end = this.position + length;
    if (end > limit) throw this.malformed("a length reaches beyond its message");
    return end;
  }

  /** Checks that the fields of a message ended where the message does. */
  closeAt(end: number): void {
    if (this.position !== end) throw this.malformed("a field reaches beyond its message");
  }

  /** Steps over a field that nobody asked for. */
  skip(tag: number, limit: number): void {
    let depth = 0;
    let current = tag;
    for (;;) {
      depth += this.#skipValue(current, limit);
      if (depth === 0) return;
      if (depth < 0) throw this.malformed("a group ends that never began");
      if (depth > MAX_GROUP_DEPTH) throw this.malformed("groups are nested too deeply");
      if (this.position >= limit) throw this.malformed("a group has no end");
      current = this.uint32();
    }
  }

  /** @returns how many groups it opened: 1, 0 or -1. */
  #skipValue(tag: number, limit: number): number {
    if (tag >>> 3 === 0) throw this.malformed("a field has the number 0");
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint();
        return 0;
      case WIRE_FIXED64:
        this.position += 8;
        return 0;
      case WIRE_BYTES:
        this.position = this.nestedEnd(limit);
        return 0;
      case WIRE_GROUP_START:
        return 1;
      case WIRE_GROUP_END:
        return -1;
      case WIRE_FIXED32:
        this.position += 4;
        return 0;
      default:
        throw this.malformed("a field has a wire type that does not exist");
    }
  }

  malformed(reason: string): InvalidArgumentError {
    const place = `offset=${this.position} size=${this.bytes.length}`;
    return new InvalidArgumentError(`${this.#subject} is not valid protobuf: ${reason}, ${place}`);
  }
}
