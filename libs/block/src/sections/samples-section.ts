import { DataLossError } from "@hearth/errors";
import type { SampleColumns } from "@hearth/profile";
import { decodeParquet, type ParquetColumns } from "../codec/parquet-reader.ts";
import { encodeParquet, type ParquetColumn } from "../codec/parquet-writer.ts";
import { asUint32, float64, idColumns, int32, joinIds } from "../codec/parquet-columns.ts";
import type { StoredRows } from "./profiles-section.ts";
import { expandSamples, storedSamples } from "./shared-samples.ts";

/**
 * The samples of all rows, one after another, as a Parquet file. Columns for the upper part of large values, for spans
 * and traces are there only when some sample has one.
 */
export function encodeSamples({ rows, sharing }: StoredRows, samples: SampleColumns): Uint8Array {
  const { stacktraceDelta, value, spanId, traceId } = storedSamples(rows, samples, sharing);
  const columns: ParquetColumn[] = [
    { name: "stacktrace_delta", data: stacktraceDelta, encoding: "BYTE_STREAM_SPLIT" },
    { name: "value", data: value.low, encoding: "FEW_OR_SPLIT" },
  ];
  if (value.high) columns.push({ name: "value_high", data: value.high, encoding: "RLE_DICTIONARY" });
  if (spanId) columns.push(...idColumns("span_id", spanId, 2, "RLE_DICTIONARY"));
  if (traceId) columns.push(...idColumns("trace_id", traceId, 4, "RLE_DICTIONARY"));
  return encodeParquet(columns);
}

/**
 * @param stored - the rows of the same dataset.
 * @param counts - of the dataset: how many samples there are, and how many stack traces they may point to.
 * @throws {DataLossError} when the bytes are no such file, or a sample points beyond.
 */
export function decodeSamples(
  bytes: Uint8Array,
  stored: StoredRows,
  counts: { samples: number; stacktraces: number },
): SampleColumns {
  const columns = decodeParquet(bytes, "samples");
  const value = {
    low: float64(columns, "value"),
    high: columns.has("value_high") ? float64(columns, "value_high") : undefined,
  };
  const count = value.low.length;
  if (count !== counts.samples)
    throw new DataLossError(`block: sample count differs: actual=${count} expected=${counts.samples}`);
  const ids = (name: string, words: number): Uint8Array | undefined =>
    columns.has(`${name}_0`) ? joinIds(columns, name, words) : undefined;
  const rest = { value, spanId: ids("span_id", 2), traceId: ids("trace_id", 4) };
  const stacktrace = readStacktraces(columns, stored, rest);
  for (let i = 0; i < count; i++) {
    if (stacktrace[i]! >= counts.stacktraces)
      throw new DataLossError(`block: no such stack trace: section=samples sample=${i}`);
  }
  return { count, stacktrace, ...rest };
}

/** Blocks of version 1 have every row's own. */
function readStacktraces(
  columns: ParquetColumns,
  { rows, sharing }: StoredRows,
  rest: Pick<SampleColumns, "value" | "spanId" | "traceId">,
): Uint32Array {
  if (columns.has("stacktrace")) return asUint32(int32(columns, "stacktrace"));
  return expandSamples(rows, { stacktraceDelta: int32(columns, "stacktrace_delta"), ...rest }, sharing);
}
