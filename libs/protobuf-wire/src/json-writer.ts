import { withRoom } from "./with-room.ts";

const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Digits of a 64-bit integer, two quotes and a comma. */
const MAX_ELEMENT_BYTES = 23;
const ZERO = 0x30;
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
    this.#reserve(MAX_ELEMENT_BYTES);
    this.#comma();
    this.#position = writeElement(this.#bytes, this.#position, value);
    this.#follows = true;
  }

  /** What {@link element} writes for each of `values[first, end)`, none of them negative, in a fraction of the time. */
  elements(values: Float64Array, first: number, end: number): void {
    if (first === end) return;
    this.#reserve(MAX_ELEMENT_BYTES * (end - first));
    this.#comma();
    // On local copies: nearly all of an answer's JSON is numbers.
    const bytes = this.#bytes;
    let position = this.#position;
    for (let i = first; i < end; i++) {
      if (i > first) bytes[position++] = COMMA;
      position = writeElement(bytes, position, values[i]!);
    }
    this.#position = position;
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

/** Writes a number from 0 to 2^53 as a string. @returns where it ends. */
function writeElement(bytes: Uint8Array, start: number, value: number): number {
  bytes[start] = QUOTE;
  const end = writeNumber(bytes, start + 1, value);
  bytes[end] = QUOTE;
  return end + 1;
}

/** @returns where it ends. */
function writeNumber(bytes: Uint8Array, start: number, value: number): number {
  if (value < BILLION) return writeDigits(bytes, start, start + digitCount(value), value);
  const billions = Math.floor(value / BILLION);
  const end = writeDigits(bytes, start, start + digitCount(billions), billions);
  return writeDigits(bytes, end, end + BILLION_DIGITS, value - billions * BILLION);
}

/** Of a whole number below 2^31. @returns `end`. */
function writeDigits(bytes: Uint8Array, start: number, end: number, value: number): number {
  for (let at = end - 1, rest = value | 0; at >= start; at--) {
    const tenth = (rest / 10) | 0;
    bytes[at] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

/** Of a number below 2^31. */
function digitCount(value: number): number {
  let count = 1;
  for (let bound = 10; bound <= value; bound *= 10) count++;
  return count;
}
