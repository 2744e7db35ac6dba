import { withRoom } from "./with-room.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const MAX_DIGITS = 20;
const TWO_32 = 2 ** 32;
const BILLION = 1e9;
const BILLION_DIGITS = 9;

/**
 * Writes protobuf's JSON into one growing array: 64-bit integers as strings, and members of the value 0 left out. Names
 * of members are plain ASCII.
 */
export class JsonWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;
  /** Whether what comes next follows something in its object or list. */
  #follows = false;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
  }

  beginObject(): void {
    this.#begin(0x7b);
  }

  endObject(): void {
    this.#end(0x7d);
  }

  /** A member that is a list; close it with `endList`. */
  beginList(name: string): void {
    this.#name(name);
    this.#begin(0x5b);
  }

  endList(): void {
    this.#end(0x5d);
  }

  /** A member that is an object; close it with `endObject`. */
  beginMember(name: string): void {
    this.#name(name);
    this.#begin(0x7b);
  }

  /** A member that is a 64-bit integer, given as a number below 2^53 in amount; left out if it is 0. */
  number(name: string, value: number): void {
    if (value === 0) return;
    this.#name(name);
    this.element(value);
  }

  /** A member that is an unsigned 64-bit integer, given in two parts; left out if it is 0. */
  wide(name: string, low: number, high: number): void {
    if (high === 0) return this.number(name, low);
    this.#name(name);
    const isSafe = high < 2 ** 21;
    this.#quoted(isSafe ? String(high * TWO_32 + low) : String((BigInt(high) << 32n) | BigInt(low)));
  }

  /** A member that is a signed 64-bit integer; left out if it is 0. */
  int64(name: string, value: bigint): void {
    if (value === 0n) return;
    this.#name(name);
    this.#quoted(String(value));
  }

  /** A member that is true; left out if it is false. */
  flag(name: string, value: boolean): void {
    if (!value) return;
    this.#name(name);
    this.#reserve(4);
    this.#ascii("true");
    this.#follows = true;
  }

  /** A 64-bit integer in a list; numbers are below 2^53 in amount. */
  element(value: number | bigint): void {
    if (typeof value === "bigint" || value < 0) return this.#quoted(String(value));
    this.#reserve(MAX_DIGITS + 3);
    this.#comma();
    this.#bytes[this.#position++] = QUOTE;
    if (value < BILLION) this.#digits(value, digitCount(value));
    else {
      const billions = Math.floor(value / BILLION);
      this.#digits(billions, digitCount(billions));
      this.#digits(value - billions * BILLION, BILLION_DIGITS);
    }
    this.#bytes[this.#position++] = QUOTE;
    this.#follows = true;
  }

  /** A string in a list, given as UTF-8. */
  text(utf8: Uint8Array): void {
    this.#reserve(utf8.length + 3);
    this.#comma();
    const start = this.#position;
    const bytes = this.#bytes;
    let at = start;
    bytes[at++] = QUOTE;
    for (let i = 0; i < utf8.length; i++) {
      const byte = utf8[i]!;
      if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) return this.#escaped(utf8);
      bytes[at++] = byte;
    }
    bytes[at++] = QUOTE;
    this.#position = at;
    this.#follows = true;
  }

  /** What was written; a view. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#position);
  }

  /** Of a number below a billion, or below 2^53 / a billion. Nearly all of an answer's JSON is numbers. */
  #digits(value: number, count: number): void {
    const bytes = this.#bytes;
    const start = this.#position;
    this.#position = start + count;
    for (let at = start + count - 1, rest = value; at >= start; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - tenth * 10;
      rest = tenth;
    }
  }

  #escaped(utf8: Uint8Array): void {
    const quoted = Buffer.from(JSON.stringify(Buffer.from(utf8).toString("utf8")));
    this.#reserve(quoted.length);
    this.#bytes.set(quoted, this.#position);
    this.#position += quoted.length;
    this.#follows = true;
  }

  #begin(bracket: number): void {
    this.#reserve(2);
    this.#comma();
    this.#bytes[this.#position++] = bracket;
    this.#follows = false;
  }

  #end(bracket: number): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = bracket;
    this.#follows = true;
  }

  #name(name: string): void {
    this.#reserve(name.length + 4);
    this.#comma();
    this.#bytes[this.#position++] = QUOTE;
    this.#ascii(name);
    this.#bytes[this.#position++] = QUOTE;
    this.#bytes[this.#position++] = 0x3a;
    this.#follows = false;
  }

  #quoted(text: string): void {
    this.#reserve(text.length + 3);
    this.#comma();
    this.#bytes[this.#position++] = QUOTE;
    this.#ascii(text);
    this.#bytes[this.#position++] = QUOTE;
    this.#follows = true;
  }

  #comma(): void {
    if (this.#follows) this.#bytes[this.#position++] = COMMA;
  }

  #ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.#bytes[this.#position++] = text.charCodeAt(i);
  }

  #reserve(sizeBytes: number): void {
    this.#bytes = withRoom(this.#bytes, this.#position + sizeBytes);
  }
}

/** Of a number below 2^31. */
function digitCount(value: number): number {
  let count = 1;
  for (let bound = 10; bound <= value; bound *= 10) count++;
  return count;
}
