import { packBits, unpackBits } from "./bit-packing.ts";
import { readVarint, writeVarint } from "./page-varint.ts";

/** Values in the smallest stretch that is packed, and in the shortest run of one value that is not. */
const GROUP = 8;

/**
 * Parquet's hybrid of runs: one value repeated, or groups of eight that are packed, of which the last may be cut.
 * The bit width of the values is the first byte.
 */
export function encodeRuns(values: Uint32Array): Uint8Array {
  const width = 32 - Math.clz32(values.reduce((all, value) => all | value, 0));
  // No run is longer than the groups it stands for, with a header for each.
  const bytes = new Uint8Array(1 + Math.ceil(values.length / GROUP) * (GROUP * 4 + 5));
  bytes[0] = width;
  let at = 1;
  let packedFrom = 0;
  const pack = (end: number): void => {
    const groups = Math.ceil((end - packedFrom) / GROUP);
    if (groups === 0) return;
    at = writeVarint(bytes, at, groups * 2 + 1);
    at = packBits(values.subarray(0, end), { first: packedFrom, count: groups * GROUP, width }, bytes, at);
  };
  for (let i = 0; i < values.length;) {
    const end = endOfRun(values, i);
    if (end - i < GROUP) {
      i += GROUP;
      continue;
    }
    pack(i);
    at = writeVarint(bytes, at, (end - i) * 2);
    for (let shift = 0; shift < width; shift += 8) bytes[at++] = values[i]! >>> shift;
    i = packedFrom = end;
  }
  pack(values.length);
  return bytes.subarray(0, at);
}

function endOfRun(values: Uint32Array, first: number): number {
  let end = first + 1;
  while (end < values.length && values[end] === values[first]) end++;
  return end;
}

/**
 * Reads what {@link encodeRuns} wrote.
 *
 * @param values - filled.
 * @throws {RangeError} when the bytes end early, or a run is longer than what is left.
 */
export function decodeRuns(bytes: Uint8Array, values: Int32Array): void {
  const width = bytes[0] ?? 0;
  if (width > 32) throw new RangeError(`run: width=${width}`);
  const reader = { bytes, at: 1 };
  for (let filled = 0; filled < values.length;) {
    const header = readVarint(reader);
    const left = values.length - filled;
    const isRepeated = header % 2 === 0;
    const count = isRepeated ? header / 2 : ((header - 1) / 2) * GROUP;
    if (count === 0 || count > left + (isRepeated ? 0 : GROUP - 1))
      throw new RangeError("run is longer than its page");
    const sizeBytes = isRepeated ? Math.ceil(width / 8) : (count / GROUP) * width;
    if (reader.at + sizeBytes > bytes.length) throw new RangeError("run ends early");
    const run = values.subarray(filled, filled + count);
    if (isRepeated) run.fill(repeatedValue(bytes, reader.at, sizeBytes));
    else unpackBits(bytes, reader.at, { count: run.length, width }, run);
    reader.at += sizeBytes;
    filled += count;
  }
}

function repeatedValue(bytes: Uint8Array, at: number, sizeBytes: number): number {
  let value = 0;
  for (let i = 0; i < sizeBytes; i++) value |= bytes[at + i]! << (8 * i);
  return value;
}
