import { DataLossError } from "@hearth/errors";
import { WORD } from "@hearth/exact-integers";
import type { RowColumns } from "@hearth/profile";
import { decodeParquet } from "../codec/parquet-reader.ts";
import { encodeParquet, type ParquetColumn } from "../codec/parquet-writer.ts";
import { asInt32, asUint32, float64, idColumns, int32, joinIds } from "../codec/parquet-columns.ts";
import type { SampleSharing } from "./shared-samples.ts";

/** Rows, and what their samples have in common. */
export interface StoredRows {
  readonly rows: RowColumns;
  readonly sharing: SampleSharing;
}

/** A row per profile of a series, sorted by (series, time, profile id), as a Parquet file. */
export function encodeProfiles({ rows, sharing }: StoredRows): Uint8Array {
  const columns: ParquetColumn[] = [
    { name: "series", data: asInt32(rows.series), encoding: "DELTA_BINARY_PACKED" },
    { name: "time_ms", data: rows.timeMs, encoding: "PLAIN" },
    { name: "time_rest_ns", data: asInt32(rows.timeRestNanos), encoding: "PLAIN" },
    ...idColumns("profile_id", rows.profileId, 4, "PLAIN"),
    { name: "total", data: rows.total.low, encoding: "PLAIN" },
    {
      name: "first_sample",
      data: asInt32(rows.firstSample.subarray(0, rows.count)),
      encoding: "DELTA_BINARY_PACKED",
    },
    { name: "period", data: rows.period, encoding: "RLE_DICTIONARY" },
    { name: "duration_ns", data: rows.durationNanos, encoding: "RLE_DICTIONARY" },
  ];
  if (rows.total.high) columns.push({ name: "total_high", data: rows.total.high, encoding: "PLAIN" });
  const { like, likeValues, unit } = sharing;
  if (like) columns.push({ name: "like", data: like, encoding: "BYTE_STREAM_SPLIT" });
  if (likeValues) columns.push({ name: "like_values", data: likeValues, encoding: "RLE_DICTIONARY" });
  if (unit) columns.push({ name: "unit", data: unit, encoding: "FEW_OR_SPLIT" });
  return encodeParquet(columns);
}

/**
 * @param counts - of the dataset: how many series and samples the rows may point to.
 * @throws {DataLossError} when the bytes are no such file, or a row points beyond.
 */
export function decodeProfiles(bytes: Uint8Array, counts: { series: number; samples: number }): StoredRows {
  const columns = decodeParquet(bytes, "profiles");
  const count = int32(columns, "series").length;
  const firstSample = new Uint32Array(count + 1);
  firstSample.set(int32(columns, "first_sample"));
  firstSample[count] = counts.samples;
  const rows: RowColumns = {
    count,
    series: asUint32(int32(columns, "series")),
    timeMs: float64(columns, "time_ms"),
    timeRestNanos: asUint32(int32(columns, "time_rest_ns")),
    profileId: joinIds(columns, "profile_id", 4),
    total: {
      low: float64(columns, "total"),
      high: columns.has("total_high") ? float64(columns, "total_high") : undefined,
    },
    firstSample,
    period: float64(columns, "period"),
    durationNanos: float64(columns, "duration_ns"),
  };
  const sharing: SampleSharing = {
    like: columns.has("like") ? int32(columns, "like") : undefined,
    likeValues: columns.has("like_values") ? int32(columns, "like_values") : undefined,
    unit: columns.has("unit") ? float64(columns, "unit") : undefined,
  };
  checkRows(rows, counts.series);
  checkUnits(sharing);
  return { rows, sharing };
}

function checkUnits({ unit }: SampleSharing): void {
  if (!unit) return;
  for (let row = 0; row < unit.length; row++) {
    if (!(unit[row]! >= 1 && unit[row]! < WORD))
      throw new DataLossError(`block: unit out of range: section=profiles row=${row}`);
  }
}

function checkRows({ count, series, firstSample, total }: RowColumns, seriesCount: number): void {
  for (let row = 0; row < count; row++) {
    if (series[row]! >= seriesCount)
      throw new DataLossError(`block: no such series: section=profiles row=${row}`);
    if (firstSample[row]! > firstSample[row + 1]!) {
      throw new DataLossError(`block: samples end before they begin: section=profiles row=${row}`);
    }
    if (!(total.low[row]! >= 0 && total.low[row]! < WORD)) {
      throw new DataLossError(`block: total out of range: section=profiles row=${row}`);
    }
  }
}
