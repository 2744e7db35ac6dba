/**
 * A digest of the state that is kept while the state changes: each element of the state (a row, a word, a remembered result)
 * has a hash, and the digest is their sum. Adding an element adds its hash, removing one subtracts it, so a change costs
 * what it touches, and the digest is a function of the elements that are there, however they came to be. Two
 * 32-bit lanes, which share no constants; good against errors, not against somebody who looks for a collision.
 *
 * What is derived from elements (bounds, counts, order by id) has no part in it. Whoever changes what is hashed raises
 * `STATE_VERSION`: nodes of different versions do not compare their digests.
 */

const C1 = 0xcc9e_2d51;
const C2 = 0x1b87_3593;
const D1 = 0x239b_961b;
const D2 = 0xab0e_9789;

/** Two 32-bit words. */
export interface HashWords {
  readonly high: number;
  readonly low: number;
}

/**
 * The hash of one element: {@link begin}, its parts, {@link end}; then {@link high} and {@link low} hold it. One object is used for
 * all elements. Both lanes are MurmurHash3 for 32 bits (Appleby 2011), with other multipliers in the second.
 */
export class ElementHash implements HashWords {
  high = 0;
  low = 0;

  /** @param type - elements of different types differ, whatever their parts are. */
  begin(type: number): this {
    this.high = 0x9747_b28c;
    this.low = 0x5bd1_e995;
    return this.word(type);
  }

  /** @param value - of it, 32 bits count. */
  word(value: number): this {
    this.high = mixHigh(this.high, value);
    this.low = mixLow(this.low, value);
    return this;
  }

  /** @param value - an integer, `0 <= value < 2^53`. */
  integer(value: number): this {
    return this.word(value).word(Math.floor(value / 2 ** 32));
  }

  bytes(value: Uint8Array): this {
    const { length } = value;
    const whole = length & ~3;
    let { high, low } = this;
    for (let i = 0; i < whole; i += 4) {
      const word = value[i]! | (value[i + 1]! << 8) | (value[i + 2]! << 16) | (value[i + 3]! << 24);
      high = mixHigh(high, word);
      low = mixLow(low, word);
    }
    this.high = high;
    this.low = low;
    let rest = 0;
    for (let i = length - 1; i >= whole; i--) rest = (rest << 8) | value[i]!;
    return this.word(rest).word(length);
  }

  /** By its UTF-16 units. */
  text(value: string): this {
    const { length } = value;
    let { high, low } = this;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      high = mixHigh(high, unit);
      low = mixLow(low, unit);
    }
    this.high = high;
    this.low = low;
    return this.word(length);
  }

  words({ high, low }: HashWords): this {
    return this.word(high).word(low);
  }

  end(): this {
    this.high = avalanche(this.high);
    this.low = avalanche(this.low);
    return this;
  }
}

/** The sum of the hashes of elements, each lane by itself. */
export class DigestSum implements HashWords {
  #high = 0;
  #low = 0;

  get high(): number {
    return this.#high;
  }

  get low(): number {
    return this.#low;
  }

  add(element: HashWords): void {
    this.#high = (this.#high + element.high) | 0;
    this.#low = (this.#low + element.low) | 0;
  }

  subtract(element: HashWords): void {
    this.#high = (this.#high - element.high) | 0;
    this.#low = (this.#low - element.low) | 0;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

/** What an element is; part of its hash. */
export const ELEMENT = {
  stamp: 1,
  result: 2,
  partition: 3,
  string: 4,
  labelSet: 5,
  kind: 6,
  lastIngest: 7,
  row: 8,
  compaction: 9,
  job: 10,
  blockNote: 11,
  tombstone: 12,
  orphanWatch: 13,
  orphanCandidate: 14,
  deletions: 16,
  deletion: 17,
} as const;

function mixHigh(hash: number, word: number): number {
  const k = Math.imul(word, C1);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), C2);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe654_6b64) | 0;
}

function mixLow(hash: number, word: number): number {
  const k = Math.imul(word, D1);
  const h = hash ^ Math.imul((k << 16) | (k >>> 16), D2);
  return (Math.imul((h << 17) | (h >>> 15), 5) + 0x561c_cd1b) | 0;
}

function avalanche(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
