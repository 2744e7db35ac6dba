import type { DatasetMeta } from "@hearth/block";
import { deletedSpans, type CompiledDeletion, type DeletedSpans } from "@hearth/deletions";
import type { RowColumns } from "@hearth/profile";
import { selectSeries, type SeriesIndex } from "@hearth/series-index";

/** What deletions cover of a dataset; labels are looked at once for each series. @returns undefined when it is nothing. */
export function spansOf(
  index: SeriesIndex,
  { tenant, minTimeMs, maxTimeMs }: DatasetMeta,
  deletions: readonly CompiledDeletion[],
): DeletedSpans | undefined {
  const touching = deletions.filter(
    (deletion) => deletion.tenant === tenant && minTimeMs < deletion.endMs && maxTimeMs >= deletion.startMs,
  );
  if (touching.length === 0) return undefined;
  return deletedSpans(
    index.count,
    touching.map(({ matchers, startMs, endMs }) => ({
      series: selectSeries(index, matchers),
      startMs,
      endMs,
    })),
  );
}

/**
 * Those of the series that have a row which is not deleted: of the others nobody must hear.
 *
 * @param loadRows - asked only when the times of the dataset do not tell.
 */
export async function seriesLeft(
  series: Uint32Array,
  spans: DeletedSpans,
  { minTimeMs, maxTimeMs }: DatasetMeta,
  loadRows: () => Promise<RowColumns>,
): Promise<Uint32Array> {
  const left = series.filter((one) => !spans.isWholeDeleted(one, minTimeMs, maxTimeMs));
  if (!left.some((one) => spans.concerns(one))) return left;
  const rows = await loadRows();
  const isVisible = new Set<number>();
  for (let row = 0; row < rows.count; row++) {
    const one = rows.series[row]!;
    if (!isVisible.has(one) && !spans.isDeleted(one, rows.timeMs[row]!)) isVisible.add(one);
  }
  return left.filter((one) => isVisible.has(one));
}

/** Those of the rows that are not deleted. */
export function rowsLeft(rows: RowColumns, selected: Uint32Array, spans: DeletedSpans): Uint32Array {
  return selected.filter((row) => !spans.isDeleted(rows.series[row]!, rows.timeMs[row]!));
}
