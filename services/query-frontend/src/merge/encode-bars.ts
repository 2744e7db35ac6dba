import { type ExactColumn, exactToBigInt } from "@hearth/exact-integers";
import { JsonWriter, WireWriter } from "@hearth/protobuf-wire";
import type { BarRows } from "@hearth/tree";

import type { MessageFormat } from "./message-format.ts";

/*
 * The messages FlameGraph and FlameGraphDiff of querier.v1, written from columns: made as messages, with an object for each row and
 * a BigInt for each of up to hundreds of thousands of values, they cost several times of all else that a flame graph takes.
 */

const NAMES = 1;
const LEVELS = 2;
const LEVEL_VALUES = 1;
/** The sums follow in the order in which they are given. */
const FIRST_SUM = 3;

const TWO_32 = 2 ** 32;
/** 2^52 / 2^32. */
const HIGH_SHIFT = 2 ** 20;

/** Members with a 64-bit integer each, in the order of their fields. */
export type Sums = readonly (readonly [name: string, value: bigint])[];

/** @returns the message with the names, rows and sums. */
export function encodeBars(bars: BarRows, sums: Sums, format: MessageFormat): Uint8Array<ArrayBuffer> {
  return format === "json" ? toJson(bars, sums) : toBinary(bars, sums);
}

function toBinary({ names, rowStarts, values }: BarRows, sums: Sums): Uint8Array<ArrayBuffer> {
  const out = new WireWriter(1 << 16);
  for (const name of names) out.bytes(NAMES, name);
  for (let row = 0; row + 1 < rowStarts.length; row++) {
    const level = out.begin(LEVELS);
    const packed = out.begin(LEVEL_VALUES);
    for (let i = rowStarts[row]!; i < rowStarts[row + 1]!; i++) writeElement(out, values, i);
    out.end(packed);
    out.end(level);
  }
  for (const [index, [, value]] of sums.entries()) out.int64(FIRST_SUM + index, value);
  return out.finish();
}

function writeElement(out: WireWriter, { low, high }: ExactColumn, index: number): void {
  const value = low[index]!;
  const upper = Math.floor(value / TWO_32) + (high ? high[index]! * HIGH_SHIFT : 0);
  out.element(value >>> 0, upper >>> 0);
}

function toJson({ names, rowStarts, values }: BarRows, sums: Sums): Uint8Array<ArrayBuffer> {
  const out = new JsonWriter(1 << 16);
  out.beginObject();
  out.beginList("names");
  for (const name of names) out.text(name);
  out.endList();
  out.beginList("levels");
  for (let row = 0; row + 1 < rowStarts.length; row++) {
    out.beginObject();
    out.beginList("values");
    writeElements(out, values, rowStarts[row]!, rowStarts[row + 1]!);
    out.endList();
    out.endObject();
  }
  out.endList();
  for (const [name, value] of sums) out.int64(name, value);
  out.endObject();
  return out.finish();
}

function writeElements(out: JsonWriter, values: ExactColumn, first: number, end: number): void {
  const { low, high } = values;
  if (!high) return out.elements(low, first, end);
  for (let i = first; i < end; i++) out.element(high[i] === 0 ? low[i]! : exactToBigInt(values, i));
}
