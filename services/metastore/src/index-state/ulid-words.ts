/** ULIDs as four 32-bit words, most significant first: a quarter of the memory of the text, and they compare as numbers. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGIT_COUNT = 26;
/** Words of one ULID. */
export const ULID_WORDS = 4;

const DIGITS = new Uint8Array(128);
for (let digit = 0; digit < ALPHABET.length; digit++) DIGITS[ALPHABET.charCodeAt(digit)] = digit;

/** Writes `ulid`, which must be canonical, to `words[at, at + 4)`. */
export function writeUlidWords(ulid: string, words: Uint32Array, at: number): void {
  // Never more than 37 bits are pending, so doubles hold them exactly.
  let pending = 0;
  let pendingBits = -2; // 26 digits of 5 bits are 130, and the first two bits are always zero.
  let next = at;
  for (let i = 0; i < DIGIT_COUNT; i++) {
    pending = pending * 32 + DIGITS[ulid.charCodeAt(i)]!;
    pendingBits += 5;
    if (pendingBits < 32) continue;
    pendingBits -= 32;
    const unit = 2 ** pendingBits;
    const word = Math.floor(pending / unit);
    words[next++] = word;
    pending -= word * unit;
  }
}

/** The ULID in `words[at, at + 4)`. */
export function readUlidWords(words: Uint32Array, at: number): string {
  let text = "";
  let pending = 0;
  let pendingBits = 2;
  let next = at;
  for (let i = 0; i < DIGIT_COUNT; i++) {
    if (pendingBits < 5) {
      pending = pending * 2 ** 32 + words[next++]!;
      pendingBits += 32;
    }
    pendingBits -= 5;
    const unit = 2 ** pendingBits;
    const digit = Math.floor(pending / unit);
    text += ALPHABET.charAt(digit);
    pending -= digit * unit;
  }
  return text;
}

/** Orders two ULIDs, as their texts would be. */
export function compareUlidWords(a: Uint32Array, aAt: number, b: Uint32Array, bAt: number): number {
  for (let i = 0; i < ULID_WORDS; i++) {
    const difference = a[aAt + i]! - b[bAt + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
