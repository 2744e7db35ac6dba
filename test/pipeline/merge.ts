import type { BlockMeta } from "@hearth/block";

import { mergedBlockId } from "../../libs/block/src/merge/merged-block-id.ts";
import { planMerge } from "../../libs/block/src/merge/plan-merge.ts";
import { datasetOf, metaOf, type BlockObject } from "./blocks.ts";

export interface MergedObjects {
  readonly outputs: readonly BlockObject[];
  readonly repeatedRows: number;
}

/**
 * What a worker makes of the sources of a job: the real plan and the real ids, with sets of numbers for rows.
 *
 * @param sources - as the job names them.
 * @param maker - version of the code: each writes other bytes.
 */
export function mergeObjects(
  sources: readonly BlockMeta[],
  objects: ReadonlyMap<string, BlockObject>,
  maker: string,
): MergedObjects {
  const plan = planMerge(sources);
  let repeatedRows = 0;
  const outputs = plan.outputs.map(({ tenant, datasets }) => {
    const parts = datasets.flatMap(({ parts }) => parts.map(({ block }) => objects.get(block)!));
    const all = parts.flatMap(({ rows }) => rows.get(tenant) ?? []);
    const rows = [...new Set(all)].toSorted((a, b) => a - b);
    repeatedRows += all.length - rows.length;
    const merged = [datasetOf(tenant, rows, maker)];
    const { shard, level } = plan;
    const id = mergedBlockId({ sources: plan.sources, tenant, level, datasets: merged });
    return {
      type: "block" as const,
      meta: {
        ...metaOf({ id, tenant, shard, level }, merged),
        origin: { sources: plan.sources, outputCount: plan.outputs.length },
      },
      rows: new Map([[tenant, rows]]),
      segments: new Set(parts.flatMap(({ segments }) => [...segments])),
      isPoisoned: false,
      isDamaged: false,
    };
  });
  return { outputs, repeatedRows };
}
