import { InvalidArgumentError } from "@hearth/errors";

/** Stands for every unsigned number that 32 bits cannot hold, and for every negative one. */
export const SATURATED = 0xff_ff_ff_ff;

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_GROUP_START = 3;
const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;
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
  /** Lower 32 bits of the varint read last by `varint`, unsigned. */
  low = 0;
  /** Upper 32 bits of the varint read last by `varint`, unsigned. */
  high = 0;

  readonly #maxEntryCount: number;
  #entryCount = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#maxEntryCount = 1024 + bytes.length / 4;
  }

  /**
   * Counts a message that will become an entry of a table. Real ones take four bytes or more; a message of empty ones
   * would grow to many times its size in memory, and is refused.
   */
  countEntry(): void {
    this.#entryCount++;
    if (this.#entryCount > this.#maxEntryCount) throw this.malformed("it has too many empty messages");
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

  #end(position: number, low: number, high: number): void {
    this.position = position;
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** Reads an unsigned number; `SATURATED` when it does not fit 32 bits. */
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

  /** Reads a signed 64-bit number. */
  int64(): bigint {
    this.varint();
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  bool(): boolean {
    this.varint();
    return (this.low | this.high) !== 0;
  }

  /**
   * Reads the length of a nested message, string or packed field.
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
    return new InvalidArgumentError(`profile is not valid protobuf: ${reason}, offset=${this.position}`);
  }
}

/** Tag of a number: its field, with the wire type in the last three bits. */
export function numberTag(field: number): number {
  return field << 3;
}

/** Tag of a message, a string or packed numbers. */
export function bytesTag(field: number): number {
  return (field << 3) | WIRE_BYTES;
}
