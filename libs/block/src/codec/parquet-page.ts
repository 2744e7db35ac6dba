import { DataLossError } from "@hearth/errors";
import { joinBytes, splitBytes } from "./byte-streams.ts";
import { packDeltas, unpackDeltas } from "./delta-packing.ts";
import { decodeRuns, encodeRuns } from "./runs.ts";

export type ColumnValues = Int32Array | Float64Array;

/** How the values of a page are laid out before compression, by Parquet's names; dictionary pages are PLAIN. */
export type PageEncoding = "PLAIN" | "DELTA_BINARY_PACKED" | "BYTE_STREAM_SPLIT";

/** @returns may be the values themselves: good until they are changed. */
export function encodePage(values: ColumnValues, encoding: PageEncoding): Uint8Array {
  if (encoding === "DELTA_BINARY_PACKED") return packDeltas(values as Int32Array);
  if (encoding === "BYTE_STREAM_SPLIT") return splitBytes(values);
  // Parquet is little-endian, as is every processor that Node runs on.
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A page whose values are indexes into a dictionary. */
export const encodeIndexPage: (indexes: Uint32Array) => Uint8Array = encodeRuns;

/**
 * @param content - of a page, decompressed.
 * @param dictionary - of the column, when it has one.
 * @param values - filled.
 * @throws {DataLossError | RangeError} when the content is not what `encoding` says, or too little.
 */
export function decodePage(
  content: Uint8Array,
  encoding: string,
  dictionary: ColumnValues | undefined,
  values: ColumnValues,
): void {
  if (encoding === "PLAIN") decodePlain(content, values);
  else if (encoding === "BYTE_STREAM_SPLIT") joinBytes(content, values);
  else if (encoding === "DELTA_BINARY_PACKED" && values instanceof Int32Array) unpackDeltas(content, values);
  else if (encoding === "RLE_DICTIONARY" && dictionary) decodeIndexes(content, dictionary, values);
  else throw new DataLossError(`no such encoding here: encoding=${encoding}`);
}

function decodePlain(content: Uint8Array, values: ColumnValues): void {
  if (content.length < values.byteLength) throw new RangeError("values end early");
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  bytes.set(content.subarray(0, values.byteLength));
}

function decodeIndexes(content: Uint8Array, dictionary: ColumnValues, values: ColumnValues): void {
  const indexes = new Int32Array(values.length);
  decodeRuns(content, indexes);
  for (let i = 0; i < indexes.length; i++) {
    if (indexes[i]! >>> 0 >= dictionary.length) throw new RangeError("index beyond the dictionary");
  }
  if (dictionary instanceof Float64Array) pickDoubles(dictionary, indexes, values);
  else pickIntegers(dictionary, indexes, values);
}

function pickDoubles(dictionary: Float64Array, indexes: Int32Array, values: ColumnValues): void {
  for (let i = 0; i < indexes.length; i++) values[i] = dictionary[indexes[i]!]!;
}

/** The same, compiled for its own kind of array: half as long. */
function pickIntegers(dictionary: Int32Array, indexes: Int32Array, values: ColumnValues): void {
  for (let i = 0; i < indexes.length; i++) values[i] = dictionary[indexes[i]!]!;
}
