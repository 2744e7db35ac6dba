import { DataLossError } from "@hearth/errors";
import type { SampleColumns } from "@hearth/profile";
import { decodeParquet } from "../codec/parquet-reader.ts";
import { encodeParquet, type ParquetColumn } from "../codec/parquet-writer.ts";
import { float64, idColumns, int32, joinIds } from "../codec/parquet-columns.ts";

/**
 * The samples of all rows, one after another, as a Parquet file. Columns for the upper part of large values, for spans
 * and traces are there only when some sample has one.
 */
export function encodeSamples(samples: SampleColumns): Uint8Array {
  const columns: ParquetColumn[] = [
    { name: "stacktrace", data: Int32Array.from(samples.stacktrace), encoding: "DELTA_BINARY_PACKED" },
    { name: "value", data: samples.value.low, encoding: "FEW_OR_SPLIT" },
  ];
  if (samples.value.high)
    columns.push({ name: "value_high", data: samples.value.high, encoding: "RLE_DICTIONARY" });
  if (samples.spanId) columns.push(...idColumns("span_id", samples.spanId, 2, "RLE_DICTIONARY"));
  if (samples.traceId) columns.push(...idColumns("trace_id", samples.traceId, 4, "RLE_DICTIONARY"));
  return encodeParquet(columns);
}

/**
 * @param counts - of the dataset: how many samples there are, and how many stack traces they may point to.
 * @throws {DataLossError} when the bytes are no such file, or a sample points beyond.
 */
export function decodeSamples(
  bytes: Uint8Array,
  counts: { samples: number; stacktraces: number },
): SampleColumns {
  const columns = decodeParquet(bytes, "samples");
  const stacktrace = Uint32Array.from(int32(columns, "stacktrace"));
  if (stacktrace.length !== counts.samples) {
    throw new DataLossError(
      `block: sample count differs: actual=${stacktrace.length} expected=${counts.samples}`,
    );
  }
  for (let i = 0; i < stacktrace.length; i++) {
    if (stacktrace[i]! >= counts.stacktraces)
      throw new DataLossError(`block: no such stack trace: section=samples sample=${i}`);
  }
  const ids = (name: string, words: number): Uint8Array | undefined =>
    columns.has(`${name}_0`) ? joinIds(columns, name, words) : undefined;
  return {
    count: stacktrace.length,
    stacktrace,
    value: {
      low: float64(columns, "value"),
      high: columns.has("value_high") ? float64(columns, "value_high") : undefined,
    },
    spanId: ids("span_id", 2),
    traceId: ids("trace_id", 4),
  };
}
