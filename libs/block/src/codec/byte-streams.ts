type Values = Int32Array | Float64Array;

/**
 * Parquet's BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on. Of whole numbers most
 * streams are zeros.
 */
export function splitBytes(values: Values): Uint8Array {
  const count = values.length;
  const halves = values.BYTES_PER_ELEMENT / 4;
  const words = new Uint32Array(values.buffer, values.byteOffset, count * halves);
  const bytes = new Uint8Array(values.byteLength);
  for (let half = 0; half < halves; half++) {
    const first = half * 4 * count;
    for (let i = 0, at = half; i < count; i++, at += halves) {
      const word = words[at]!;
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
export function joinBytes(bytes: Uint8Array, values: Values): void {
  const count = values.length;
  if (bytes.length < values.byteLength) throw new RangeError("values end early");
  const halves = values.BYTES_PER_ELEMENT / 4;
  const words = new Uint32Array(values.buffer, values.byteOffset, count * halves);
  for (let half = 0; half < halves; half++) {
    const first = half * 4 * count;
    for (let i = 0, at = half; i < count; i++, at += halves) {
      words[at] =
        bytes[first + i]! |
        (bytes[first + count + i]! << 8) |
        (bytes[first + 2 * count + i]! << 16) |
        (bytes[first + 3 * count + i]! << 24);
    }
  }
}
