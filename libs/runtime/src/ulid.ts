import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID_PATTERN = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Whether `text` is a ULID in its canonical upper-case form. */
export function isUlid(text: string): boolean {
  return ULID_PATTERN.test(text);
}

/** The Unix milliseconds in the first 48 bits of a ULID. `ulid` must satisfy {@link isUlid}. */
export function ulidTimeMs(ulid: string): number {
  let time = 0;
  for (let i = 0; i < 10; i++) time = time * 32 + ALPHABET.indexOf(ulid.charAt(i));
  return time;
}

/**
 * The ULID of a time and bits that the caller has chosen, so that the same choice gives the same id.
 *
 * @param timeMs - whole Unix milliseconds, below 2^48.
 * @param bits - 10 bytes, most significant first.
 */
export function ulidFrom(timeMs: number, bits: Uint8Array): string {
  let rest = bits.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
  let text = "";
  for (let i = 0; i < 16; i++) {
    text = ALPHABET.charAt(Number(rest % 32n)) + text;
    rest /= 32n;
  }
  return encodeTime(timeMs) + text;
}

/** Makes ULIDs: 48 bits of Unix milliseconds, 80 random bits; strictly rising within one factory, even when the clock jumps back. */
export class UlidFactory {
  readonly #clock: Clock;
  readonly #random: Random;
  #lastMs = -1;
  /** The random part of the last ULID, 16 digits of 5 bits. */
  readonly #digits = new Uint8Array(16);

  constructor(deps: { clock: Clock; random: Random }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  next(): string {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs;
      this.#random.fill(this.#digits);
      for (let i = 0; i < 16; i++) this.#digits[i]! &= 31;
    } else if (!this.#increment()) {
      this.#lastMs++;
    }
    return encodeTime(this.#lastMs) + Array.from(this.#digits, (digit) => ALPHABET.charAt(digit)).join("");
  }

  /** Adds one to the random part; false when it wrapped around to zero. */
  #increment(): boolean {
    for (let i = 15; i >= 0; i--) {
      if (this.#digits[i]! < 31) {
        this.#digits[i]!++;
        return true;
      }
      this.#digits[i] = 0;
    }
    return false;
  }
}

function encodeTime(timeMs: number): string {
  let rest = timeMs;
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
