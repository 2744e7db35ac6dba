import { bytesTag, numberTag } from "./wire-type.ts";
import { withRoom } from "./with-room.ts";

const MAX_VARINT_BYTES = 10;
const TWO_32 = 2 ** 32;

/** Writes protobuf into one growing array. Numbers that are 0 are left out, as proto3 does. */
export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Writes `field` if it is not 0: an unsigned number below 2^53. */
  number(field: number, value: number): void {
    if (value !== 0) this.wide(field, value >>> 0, Math.floor(value / TWO_32));
  }

  /** Writes `field` if it is not 0: a signed number of 32 bits. */
  int32(field: number, value: number): void {
    this.wide(field, value >>> 0, value < 0 ? TWO_32 - 1 : 0);
  }

  /** Writes `field` if it is not 0: a signed number of 64 bits. */
  int64(field: number, value: bigint): void {
    const unsigned = BigInt.asUintN(64, value);
    this.wide(field, Number(unsigned & 0xff_ff_ff_ffn), Number(unsigned >> 32n));
  }

  /** Writes `field` if it is not 0: 64 bits in two parts. */
  wide(field: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.#reserve(2 * MAX_VARINT_BYTES);
    this.#varint(numberTag(field), 0);
    this.#varint(low, high);
  }

  bytes(field: number, content: Uint8Array): void {
    this.#reserve(2 * MAX_VARINT_BYTES + content.length);
    this.#varint(bytesTag(field), 0);
    this.#varint(content.length, 0);
    this.#bytes.set(content, this.#position);
    this.#position += content.length;
  }

  /** An element of a packed field that `begin` opened: 64 bits in two parts. */
  element(low: number, high: number): void {
    this.#reserve(MAX_VARINT_BYTES);
    this.#varint(low, high);
  }

  /** Opens a nested message or packed field; close it by handing what this returns to `end`. */
  begin(field: number): number {
    this.#reserve(MAX_VARINT_BYTES + 1);
    this.#varint(bytesTag(field), 0);
    this.#position++; // of a length below 128: `end` makes room for a longer one
    return this.#position;
  }

  end(start: number): void {
    const length = this.#position - start;
    const lengthBytes = length < 0x80 ? 1 : Math.ceil((32 - Math.clz32(length)) / 7);
    if (lengthBytes > 1) {
      this.#reserve(lengthBytes);
      this.#bytes.copyWithin(start + lengthBytes - 1, start, this.#position);
    }
    this.#position = start - 1;
    this.#varint(length, 0);
    this.#position += length;
  }

  /** What was written; a view. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#position);
  }

  #reserve(sizeBytes: number): void {
    this.#bytes = withRoom(this.#bytes, this.#position + sizeBytes);
  }

  #varint(low: number, high: number): void {
    let restLow = low;
    let restHigh = high;
    while (restHigh !== 0) {
      this.#bytes[this.#position++] = (restLow & 0x7f) | 0x80;
      restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
      restHigh >>>= 7;
    }
    while (restLow >= 0x80) {
      this.#bytes[this.#position++] = (restLow & 0x7f) | 0x80;
      restLow >>>= 7;
    }
    this.#bytes[this.#position++] = restLow;
  }
}
