import type { StringColumn } from "@hearth/symbols";
import type { OtlpStrings } from "../otlp-export.ts";

/**
 * The strings of the dictionary, numbered as there, and further ones behind them. String 0 is empty, whatever the
 * dictionary has there. Of a string longer than the limit the end is kept, from the beginning of a character on.
 *
 * @param maxLengthBytes - 0 means no limit.
 */
export function convertStrings(
  { count, bytes, offsets }: OtlpStrings,
  more: readonly string[],
  maxLengthBytes: number,
): StringColumn {
  const extra = more.map((text) => new TextEncoder().encode(text));
  const extraSize = extra.reduce((size, text) => size + text.length, 0);
  const target = new Uint8Array(bytes.length + extraSize);
  const ownCount = Math.max(1, count);
  const targetOffsets = new Uint32Array(ownCount + extra.length + 1);
  let position = 0;
  for (let i = 1; i < count; i++) {
    const end = offsets[i + 1]!;
    const start = keptStart(bytes, offsets[i]!, end, maxLengthBytes);
    target.set(bytes.subarray(start, end), position);
    position += end - start;
    targetOffsets[i + 1] = position;
  }
  for (const [index, text] of extra.entries()) {
    const start = keptStart(text, 0, text.length, maxLengthBytes);
    target.set(text.subarray(start), position);
    position += text.length - start;
    targetOffsets[ownCount + index + 1] = position;
  }
  return { bytes: target.subarray(0, position), offsets: targetOffsets };
}

function keptStart(bytes: Uint8Array, start: number, end: number, maxLengthBytes: number): number {
  if (maxLengthBytes === 0 || end - start <= maxLengthBytes) return start;
  let kept = end - maxLengthBytes;
  while (kept < end && (bytes[kept]! & 0xc0) === 0x80) kept++; // in the middle of a character
  return kept;
}
