import { type BlockMeta, tierOfLevel } from "@hearth/block";

import type { CompactionJob, DroppedRows } from "../jobs/job.ts";

/** What a merge made. */
interface Outputs extends DroppedRows {
  readonly outputs: readonly { readonly meta: BlockMeta }[];
}

/**
 * What is wrong with the outputs of a job, by their metadata: the metastore would not take them, or data would be lost.
 *
 * @returns undefined when nothing is.
 */
export function problemOfOutputs(
  { sources, level, shard, deletions, outputLevel }: CompactionJob,
  { outputs, repeatedRows, deletedRows, summedRows }: Outputs,
): string | undefined {
  const metas = outputs.map(({ meta }) => meta);
  const wantedLevel = outputLevel || (deletions.isRewrite ? level : level + 1);
  const misplaced = metas.find((meta) => meta.level !== wantedLevel || meta.shard !== shard);
  if (misplaced) {
    return `output is of another level or shard: block=${misplaced.id} level=${misplaced.level} shard=${misplaced.shard}`;
  }
  const unmarked = metas.find(({ origin }) => (origin?.deletionsApplied ?? 0) !== deletions.upTo);
  if (unmarked) return `output has other deletions applied: block=${unmarked.id} up_to=${deletions.upTo}`;
  const deleting = new Set(deletions.list.map(({ tenant }) => tenant));
  const robbed = [...deletedRows.keys()].find((tenant) => !deleting.has(tenant));
  if (robbed !== undefined) return `rows are deleted that nobody wants deleted: tenant=${robbed}`;
  const wanted = tenantsOf(sources);
  const made = metas.map(({ tenant }) => tenant).sort();
  const emptied = wanted.filter((tenant) => !made.includes(tenant));
  const isEach = new Set(made).size === made.length && made.every((tenant) => wanted.includes(tenant));
  if (!isEach || emptied.some((tenant) => !deletedRows.has(tenant))) {
    return `outputs are of other tenants: sources=${wanted.length} outputs=${made.length}`;
  }
  if (summedRows > 0 && (tierOfLevel(outputLevel)?.resolutionMs ?? 0) === 0)
    return `rows are summed of no tier: summed=${summedRows}`;
  const rowsIn = rowsOf(sources);
  const rowsOut = rowsOf(metas);
  const deleted = [...deletedRows.values()].reduce((sum, rows) => sum + rows, 0);
  if (rowsIn === rowsOut + repeatedRows + deleted + summedRows) return undefined;
  return `rows do not add up: sources=${rowsIn} outputs=${rowsOut} repeated=${repeatedRows} deleted=${deleted} summed=${summedRows}`;
}

/** Distinct and sorted. */
function tenantsOf(blocks: readonly BlockMeta[]): string[] {
  return [...new Set(blocks.flatMap(({ datasets }) => datasets.map(({ tenant }) => tenant)))].sort();
}

function rowsOf(blocks: readonly BlockMeta[]): number {
  return blocks.reduce(
    (sum, { datasets }) => datasets.reduce((rows, { profileCount }) => rows + profileCount, sum),
    0,
  );
}
