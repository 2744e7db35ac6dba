import { PROFILE_TYPE_LABEL, type DatasetMeta, type DatasetRollups } from "@hearth/block";
import { selectSeries, type SeriesIndex } from "@hearth/series-index";
import type { DatasetSource } from "./dataset-source.ts";
import { spansOf } from "./deleted-series.ts";
import type { LeafRequest, SampleSelector } from "./leaf-request.ts";

/*
 * A dataset of a compacted block may hold what all rows of a profile type sum to. A query that wants all of these rows,
 * and nothing but their sums, takes them from there and reads neither rows nor samples.
 */

/** Whether a query of samples wants all samples of the rows that it selects. */
export function wantsWholeRows({ spanIds, traceIds, profileIds, callSite }: SampleSelector): boolean {
  return spanIds.length + traceIds.length + profileIds.length + callSite.length === 0;
}

/** @returns what the rows that a request selects sum to, by profile type; undefined when only the rows can tell. */
export async function rollupsOf(
  source: DatasetSource,
  request: Pick<LeafRequest, "matchers" | "startMs" | "endMs" | "deletions">,
  signal: AbortSignal,
): Promise<DatasetRollups | undefined> {
  if (!mayRollUp(source.meta, request)) return undefined;
  const index = await source.series(signal);
  const series = selectSeries(index, request.matchers);
  // Sums were made with the rows that are deleted since.
  const deleted = spansOf(index, source.meta, request.deletions.get(source.blockPosition) ?? []);
  if (deleted && series.some((one) => deleted.concerns(one))) return undefined;
  const types = wholeTypes(index, series);
  return types && types.length > 0 ? source.rollups(types, signal) : undefined;
}

/** Whether a dataset has sums, and of nothing but the range, as far as its metadata says. */
export function mayRollUp(dataset: DatasetMeta, range: Pick<LeafRequest, "startMs" | "endMs">): boolean {
  return dataset.sections.some(({ kind }) => kind === "rollup") && isWithin(dataset, range);
}

/** Times of datasets are whole milliseconds: in the last one of the range, rows may come after its end. */
function isWithin(dataset: DatasetMeta, { startMs, endMs }: Pick<LeafRequest, "startMs" | "endMs">): boolean {
  return dataset.minTimeMs >= startMs && dataset.maxTimeMs < endMs;
}

/** The profile types of `series`; undefined when one of them has other series too. */
export function wholeTypes(index: SeriesIndex, series: Uint32Array): string[] | undefined {
  const column = index.columns.find(({ name }) => name === PROFILE_TYPE_LABEL);
  if (!column) return series.length === index.count ? [""] : series.length === 0 ? [] : undefined;
  /** By the number of the type, how many of its series are not among `series`. */
  const missing = new Int32Array(column.values.length + 1);
  for (let i = 0; i < index.count; i++) missing[column.valueOf[i]!]!++;
  for (const i of series) missing[column.valueOf[i]!]!--;
  const types = new Set(Array.from(series, (i) => column.valueOf[i]!));
  for (const type of types) if (missing[type] !== 0) return undefined;
  return Array.from(types, (type) => (type === 0 ? "" : column.values[type - 1]!));
}
