/**
 * Parquet's BYTE_STREAM_SPLIT of doubles: the first bytes of all, then the second ones, and so on. Of whole numbers most
 * streams are zeros.
 */
export function splitBytes(values: Float64Array): Uint8Array {
  const count = values.length;
  const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
  const bytes = new Uint8Array(count * 8);
  for (let half = 0; half < 2; half++) {
    const first = half * 4 * count;
    for (let i = 0; i < count; i++) {
      const word = words[i * 2 + half]!;
      if (word === 0) continue;
      bytes[first + i] = word;
      bytes[first + count + i] = word >>> 8;
      bytes[first + 2 * count + i] = word >>> 16;
      bytes[first + 3 * count + i] = word >>> 24;
    }
  }
  return bytes;
}

/** Reads what {@link splitBytes} wrote. @throws {RangeError} when the bytes are fewer than `values` takes. */
export function joinBytes(bytes: Uint8Array, values: Float64Array): void {
  const count = values.length;
  if (bytes.length < count * 8) throw new RangeError("values end early");
  const words = new Uint32Array(values.buffer, values.byteOffset, count * 2);
  for (let half = 0; half < 2; half++) {
    const first = half * 4 * count;
    for (let i = 0; i < count; i++) {
      words[i * 2 + half] =
        bytes[first + i]! |
        (bytes[first + count + i]! << 8) |
        (bytes[first + 2 * count + i]! << 16) |
        (bytes[first + 3 * count + i]! << 24);
    }
  }
}
