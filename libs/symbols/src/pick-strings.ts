import type { StringColumn } from "./columns.ts";

/** Copies some of the strings, in the given order. */
export function pickStrings({ bytes, offsets }: StringColumn, chosen: readonly number[]): StringColumn {
  const ownOffsets = new Uint32Array(chosen.length + 1);
  for (const [index, id] of chosen.entries()) {
    ownOffsets[index + 1] = ownOffsets[index]! + offsets[id + 1]! - offsets[id]!;
  }
  const own = new Uint8Array(ownOffsets[chosen.length]!);
  for (const [index, id] of chosen.entries()) {
    own.set(bytes.subarray(offsets[id], offsets[id + 1]), ownOffsets[index]);
  }
  return { bytes: own, offsets: ownOffsets };
}
