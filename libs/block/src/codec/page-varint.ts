/** @returns where the number ends. @param value - unsigned 32 bits. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let to = at;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes[to++] = rest | 0x80;
  bytes[to++] = rest;
  return to;
}

/** Unsigned 32 bits; moves `at`. @throws {RangeError} at the end of the bytes, or for more bits. */
export function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
  throw new RangeError("varint is cut or too long");
}
