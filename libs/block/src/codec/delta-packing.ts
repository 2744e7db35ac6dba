import { packBits, unpackBits } from "./bit-packing.ts";
import { readVarint, writeVarint } from "./page-varint.ts";

/** Values in a block and in each of its parts, which have bit widths of their own. */
const BLOCK = 128;
const PART = 32;
const PARTS = BLOCK / PART;
/** Of a block: its least delta, the widths of its parts, and 32 bits for each value. */
const MAX_BLOCK_BYTES = 5 + PARTS + BLOCK * 4;

/** Parquet's DELTA_BINARY_PACKED of 32-bit integers: steps between neighbours, less the least of a block. */
export function packDeltas(values: Int32Array): Uint8Array {
  const blocks = Math.ceil(Math.max(0, values.length - 1) / BLOCK);
  const bytes = new Uint8Array(20 + blocks * MAX_BLOCK_BYTES);
  let at = 0;
  for (const number of [BLOCK, PARTS, values.length, zigzag(values[0] ?? 0)])
    at = writeVarint(bytes, at, number);
  const deltas = new Uint32Array(BLOCK);
  for (let first = 1; first < values.length; first += BLOCK) {
    const count = Math.min(BLOCK, values.length - first);
    at = packBlock(deltas.subarray(0, count), least(values, first, deltas, count), bytes, at);
  }
  return bytes.subarray(0, at);
}

/** Puts steps into `deltas`. @returns the least, and leaves them less it. */
function least(values: Int32Array, first: number, deltas: Uint32Array, count: number): number {
  let least = (values[first]! - values[first - 1]!) | 0;
  for (let i = 0; i < count; i++) {
    const delta = (values[first + i]! - values[first + i - 1]!) | 0;
    deltas[i] = delta;
    if (delta < least) least = delta;
  }
  for (let i = 0; i < count; i++) deltas[i] = deltas[i]! - least;
  return least;
}

function packBlock(deltas: Uint32Array, least: number, bytes: Uint8Array, start: number): number {
  const widths = writeVarint(bytes, start, zigzag(least));
  let at = widths + PARTS;
  for (let part = 0; part < PARTS; part++) {
    const first = part * PART;
    let all = 0;
    for (let i = first; i < Math.min(first + PART, deltas.length); i++) all |= deltas[i]!;
    const width = 32 - Math.clz32(all);
    bytes[widths + part] = width;
    if (width > 0) at = packBits(deltas, { first, count: PART, width }, bytes, at);
  }
  return at;
}

/**
 * Reads what {@link packDeltas} wrote.
 *
 * @param values - filled.
 * @throws {RangeError} when the bytes are not such, or hold another number of values.
 */
export function unpackDeltas(bytes: Uint8Array, values: Int32Array): void {
  const reader = { bytes, at: 0 };
  const blockSize = readVarint(reader);
  const parts = readVarint(reader);
  if (blockSize !== BLOCK || parts !== PARTS) throw new RangeError(`block of deltas: size=${blockSize}`);
  const count = readVarint(reader);
  if (count !== values.length) throw new RangeError(`deltas: actual=${count} expected=${values.length}`);
  let last = unzigzag(readVarint(reader));
  if (count > 0) values[0] = last;
  const deltas = new Int32Array(PART);
  for (let first = 1; first < count; first += BLOCK) {
    const least = unzigzag(readVarint(reader));
    const widths = reader.at;
    reader.at += PARTS;
    for (let part = 0, at = first; part < PARTS && at < count; part++, at += PART) {
      const width = bytes[widths + part]!;
      const end = reader.at + (PART / 8) * width;
      if (!(width <= 32 && end <= bytes.length)) throw new RangeError(`deltas: width=${width}`);
      if (width > 0) unpackBits(bytes, reader.at, { count: PART, width }, deltas);
      else deltas.fill(0);
      reader.at = end;
      const until = Math.min(PART, count - at);
      for (let i = 0; i < until; i++) values[at + i] = last = (last + least + deltas[i]!) | 0;
    }
  }
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
