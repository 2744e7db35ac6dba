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

/** A hash of `bytes[start, end)`, 32 bits signed. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  return hashView(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end);
}

/**
 * {@link hashBytes} for many stretches of the same bytes. Four at a time, the last four whether or not some of them were
 * among those before: a loop over what is left would be as long again, since nobody foresees where it ends.
 */
export function hashView(bytes: DataView, start: number, end: number): number {
  const last = end - 4;
  if (last < start) return finish(mix(end - start, fewBytes(bytes, start, end)));
  let hash = end - start;
  for (let at = start; at < last; at += 4) hash = mix(hash, bytes.getInt32(at, true));
  return finish(mix(hash, bytes.getInt32(last, true)));
}

/** Whether two stretches of `length` bytes are equal. */
export function equalViews(
  a: DataView,
  aStart: number,
  b: DataView,
  bStart: number,
  length: number,
): boolean {
  const last = length - 4;
  if (last < 0) return fewBytes(a, aStart, aStart + length) === fewBytes(b, bStart, bStart + length);
  for (let at = 0; at < last; at += 4) {
    if (a.getInt32(aStart + at, true) !== b.getInt32(bStart + at, true)) return false;
  }
  return a.getInt32(aStart + last, true) === b.getInt32(bStart + last, true);
}

/** Up to three bytes as a number. */
function fewBytes(bytes: DataView, start: number, end: number): number {
  let number = 0;
  for (let at = start; at < end; at++) number = (number << 8) | bytes.getUint8(at);
  return number;
}
