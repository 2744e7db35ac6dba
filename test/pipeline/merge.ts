import { tierOfLevel } from "@hearth/block";
import { coversLabels, compileDeletion, deletedSpans, type CompiledDeletion } from "@hearth/deletions";

import { mergedBlockId } from "../../libs/block/src/merge/merged-block-id.ts";
import { planMerge } from "../../libs/block/src/merge/plan-merge.ts";
import type { CompactionJob } from "../../services/compaction-worker/src/jobs/job.ts";
import { datasetOf, metaOf, type BlockObject } from "./blocks.ts";
import { labelsOfRow, timeOfRow } from "./rows.ts";
import type { SummedRows } from "./summed-rows.ts";

export interface MergedObjects {
  readonly outputs: readonly BlockObject[];
  readonly repeatedRows: number;
  readonly deletedRows: ReadonlyMap<string, number>;
  readonly summedRows: number;
}

/** What does it. */
export interface MergeCode {
  /** Version of the code: each writes other bytes. */
  readonly maker: string;
  /** What rows of tiers stand for; absent in code that does not sum, and does not know of tiers. */
  readonly sums: SummedRows | undefined;
}

/**
 * What a worker makes of the sources of a job: the real plan and the real ids, with sets of numbers for rows.
 */
export function mergeObjects(
  job: Pick<CompactionJob, "sources" | "deletions" | "outputLevel">,
  objects: ReadonlyMap<string, BlockObject>,
  { maker, sums }: MergeCode,
): MergedObjects {
  const { list, upTo, isRewrite } = job.deletions;
  const plan = planMerge(job.sources, isRewrite, job.outputLevel);
  const tier = sums && tierOfLevel(job.outputLevel);
  const deletions = list.map(compileDeletion);
  let repeatedRows = 0;
  let summedRows = 0;
  const deletedRows = new Map<string, number>();
  const merged = plan.outputs.flatMap(({ tenant, datasets }) => {
    const parts = datasets.flatMap(({ parts }) => parts.map(({ block }) => objects.get(block)!));
    const all = parts.flatMap(({ rows }) => rows.get(tenant) ?? []);
    const left = withoutDeleted(
      all,
      deletions.filter((deletion) => deletion.tenant === tenant),
    );
    if (left.length < all.length) deletedRows.set(tenant, all.length - left.length);
    const distinct = [...new Set(left)].toSorted((a, b) => a - b);
    repeatedRows += left.length - distinct.length;
    const isSum = tier !== undefined && tier.resolutionMs > 0;
    const rows = isSum ? sums!.sumByTime(distinct, tier.resolutionMs) : distinct;
    summedRows += distinct.length - rows.length;
    const segments = new Set(parts.flatMap(({ segments }) => [...segments]));
    return rows.length === 0 ? [] : [{ tenant, rows, segments }];
  });
  const outputs = merged.map(({ tenant, rows, segments }) => {
    const datasets = [datasetOf(tenant, rows, maker)];
    const { shard, level, sources } = plan;
    const id = mergedBlockId({ sources, tenant, level, datasets, deletionsApplied: upTo });
    const origin = {
      sources,
      outputCount: merged.length,
      ...(upTo > 0 && { deletionsApplied: upTo }),
      ...(isRewrite && { isRewrite }),
    };
    return {
      type: "block" as const,
      meta: { ...metaOf({ id, tenant, shard, level }, datasets), origin },
      rows: new Map([[tenant, rows]]),
      segments,
      isPoisoned: false,
      isDamaged: false,
    };
  });
  return { outputs, repeatedRows, deletedRows, summedRows };
}

/** Each row is taken for a series of its own. */
function withoutDeleted(rows: readonly number[], deletions: readonly CompiledDeletion[]): readonly number[] {
  const spans = deletedSpans(
    rows.length,
    deletions.map(({ matchers, startMs, endMs }) => ({
      series: rows.flatMap((row, series) => (coversLabels(matchers, labelsOfRow(row)) ? [series] : [])),
      startMs,
      endMs,
    })),
  );
  return spans ? rows.filter((row, series) => !spans.isDeleted(series, timeOfRow(row))) : rows;
}
