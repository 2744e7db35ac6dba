/**
 * Orders strings by the bytes of their UTF-8, the order of everything that is stored or answered sorted. It is also the
 * order of code points; JavaScript's own order of strings differs above U+FFFF.
 *
 * @returns negative, zero or positive, as a comparator.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return byteRank(left) - byteRank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for the code points above all others, but lie below U+E000 themselves. */
function byteRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}
