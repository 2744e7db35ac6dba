/** What is in a word of 32 bits, wherever in its first byte it begins. */
const NARROW_BITS = 25;

/**
 * Writes numbers of `width` bits one after the other, the lowest bit first, as Parquet packs them.
 *
 * @param values - unsigned, below `2 ** width`; what is missing of `count` is 0.
 * @param count - a multiple of 8, so that whole bytes are filled.
 * @param width - at most 32.
 * @returns where the bytes end.
 */
export function packBits(
  values: Uint32Array,
  { first, count, width }: { first: number; count: number; width: number },
  bytes: Uint8Array,
  at: number,
): number {
  const end = Math.min(first + count, values.length);
  let to = at;
  let buffer = 0;
  let bits = 0;
  for (let i = first; i < end; i++) {
    let value = values[i]!;
    let left = width;
    // Sixteen bits first, so that never more than 23 are in the buffer.
    if (width > 16) {
      buffer |= (value & 0xffff) << bits;
      for (bits += 16; bits >= 8; bits -= 8, buffer >>>= 8) bytes[to++] = buffer;
      value >>>= 16;
      left -= 16;
    }
    buffer |= value << bits;
    for (bits += left; bits >= 8; bits -= 8, buffer >>>= 8) bytes[to++] = buffer;
  }
  const endOfBytes = at + (count * width) / 8;
  for (; to < endOfBytes; buffer = 0) bytes[to++] = buffer;
  return endOfBytes;
}

/**
 * Reads what {@link packBits} wrote.
 *
 * @param bytes - must hold `count * width` bits from `at` on.
 * @param width - at most 32.
 * @param values - filled from the beginning; signed when 32 bits are.
 */
export function unpackBits(
  bytes: Uint8Array,
  at: number,
  { count, width }: { count: number; width: number },
  values: Int32Array,
): void {
  if (width > NARROW_BITS) return unpackWide(bytes, at, { count, width }, values);
  const mask = 2 ** width - 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Where no word begins any more, and bytes are read one by one.
  const lastWord = bytes.length - 4;
  for (let i = 0, bit = at * 8; i < count; i++, bit += width) {
    const first = bit >>> 3;
    const word = first <= lastWord ? view.getInt32(first, true) : wordAtEnd(bytes, first);
    values[i] = (word >>> (bit & 7)) & mask;
  }
}

function wordAtEnd(bytes: Uint8Array, first: number): number {
  let word = 0;
  for (let at = first; at < bytes.length; at++) word |= bytes[at]! << (8 * (at - first));
  return word;
}

function unpackWide(
  bytes: Uint8Array,
  at: number,
  { count, width }: { count: number; width: number },
  values: Int32Array,
): void {
  let from = at;
  let buffer = 0;
  let bits = 0;
  const take = (wanted: number): number => {
    for (; bits < wanted; bits += 8) buffer |= bytes[from++]! << bits;
    const value = buffer & (2 ** wanted - 1);
    buffer >>>= wanted;
    bits -= wanted;
    return value;
  };
  for (let i = 0; i < count; i++) values[i] = take(16) | (take(width - 16) << 16);
}
