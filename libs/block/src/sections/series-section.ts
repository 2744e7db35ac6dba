import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import { StringInterner, stringAt } from "@hearth/symbols";
import type { Series } from "@hearth/profile";
import type { LabelColumn, SeriesIndex } from "@hearth/series-index";
import { buildSeriesIndex } from "@hearth/series-index";
import { VarintReader, VarintWriter } from "../codec/varint-columns.ts";
import { readStrings, writeStrings } from "./tree-section.ts";

/** Strings, number of series, the columns (name, values, value of each series + 1), fingerprints (8 bytes each). */
export function encodeSeriesSection(series: readonly Series[], memory: Memory = heap): Uint8Array {
  const index = buildSeriesIndex(series);
  const strings = new StringInterner(memory);
  const columns = index.columns.map(({ name, values, valueOf }) => ({
    name: strings.internString(name),
    values: values.map((value) => strings.internString(value)),
    valueOf,
  }));
  const writer = new VarintWriter(memory);
  writeStrings(writer, strings.view());
  writer.uint(index.count);
  writer.uint(columns.length);
  for (const { name, values, valueOf } of columns) {
    writer.uint(name);
    writer.uint(values.length);
    for (const value of values) writer.uint(value);
    for (const number of valueOf) writer.uint(number);
  }
  const fingerprints = new DataView(new ArrayBuffer(index.count * 8));
  for (const [at, fingerprint] of index.fingerprints.entries())
    fingerprints.setBigUint64(at * 8, fingerprint, true);
  writer.bytes(new Uint8Array(fingerprints.buffer));
  return writer.finish();
}

/** @throws {DataLossError} when the bytes are no such section, or an index in it is out of range. */
export function decodeSeriesSection(bytes: Uint8Array): SeriesIndex {
  const reader = new VarintReader(bytes, "series");
  const strings = readStrings(reader);
  const count = reader.count();
  const text = (number: number): string => {
    if (number >= strings.offsets.length - 1)
      throw new DataLossError(`block: no such string: section=series index=${number}`);
    return stringAt(strings, number);
  };
  const columns = Array.from({ length: reader.count() }, () => readColumn(reader, count, text));
  const fingerprintBytes = reader.bytes(count * 8);
  reader.end();
  const view = new DataView(
    fingerprintBytes.buffer,
    fingerprintBytes.byteOffset,
    fingerprintBytes.byteLength,
  );
  const fingerprints = BigUint64Array.from({ length: count }, (_, at) => view.getBigUint64(at * 8, true));
  return { count, columns, fingerprints };
}

function readColumn(reader: VarintReader, count: number, text: (number: number) => string): LabelColumn {
  const name = text(reader.uint());
  const values = Array.from({ length: reader.count() }, () => text(reader.uint()));
  const valueOf = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    valueOf[i] = reader.uint();
    if (valueOf[i]! > values.length)
      throw new DataLossError(`block: no such value: section=series label=${name}`);
  }
  return { name, values, valueOf };
}
