import { coversLabels, deletedSpans, type CompiledDeletion } from "@hearth/deletions";
import type { ExcludedRows, ProfileColumns } from "@hearth/profile";
import type { DatasetMeta } from "../block-meta.ts";

/** Rows of a dataset that deletions cover. Labels are looked at once for each series. @returns undefined when there are none. */
export function deletedRows(
  { series, rows }: ProfileColumns,
  { tenant, minTimeMs, maxTimeMs }: DatasetMeta,
  deletions: readonly CompiledDeletion[],
): ExcludedRows | undefined {
  const touching = deletions.filter(
    (deletion) => deletion.tenant === tenant && minTimeMs < deletion.endMs && maxTimeMs >= deletion.startMs,
  );
  if (touching.length === 0) return undefined;
  const spans = deletedSpans(
    series.length,
    touching.map(({ matchers, startMs, endMs }) => ({
      series: series.flatMap(({ labels }, number) => (coversLabels(matchers, labels) ? [number] : [])),
      startMs,
      endMs,
    })),
  );
  if (!spans) return undefined;
  const isExcluded = new Uint8Array(rows.count);
  let count = 0;
  for (let row = 0; row < rows.count; row++) {
    if (!spans.isDeleted(rows.series[row]!, rows.timeMs[row]!)) continue;
    isExcluded[row] = 1;
    count++;
  }
  return count === 0 ? undefined : { isExcluded, count };
}
