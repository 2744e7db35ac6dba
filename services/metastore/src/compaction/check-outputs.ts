import { type BlockMeta, tierOfLevel } from "@hearth/block";
import type { CompactionJob } from "./job-table.ts";
import type { DroppedRows } from "./poll.ts";

/** What the outputs of a job are judged by. */
export interface OutputTerms {
  readonly job: Pick<CompactionJob, "isRewrite" | "deletionsUpTo" | "outputLevel">;
  /** Tenants with a deletion that the job applied to one of its sources. */
  readonly deletingTenants: ReadonlySet<string>;
}

/**
 * Why blocks cannot take the place of the sources of a job; undefined when they can. Each is valid in itself. What they hold must
 * be what the sources held: one block for each tenant, and every row but for those that were there more than once, those
 * that were deleted on request, and, for a tier, those that became part of another.
 */
export function outputsRefusal(
  sources: readonly BlockMeta[],
  outputs: readonly BlockMeta[],
  { repeatedRows, deletedRows, summedRows }: DroppedRows,
  { job, deletingTenants }: OutputTerms,
): string | undefined {
  const [first] = sources;
  if (!first) return "the job has no sources";
  const rowsIn = rowsByTenant(sources);
  const rowsOut = rowsByTenant(outputs);
  const range = timeRange(sources);
  const level = job.outputLevel || (job.isRewrite ? first.level : first.level + 1);
  for (const output of outputs) {
    if (output.level !== level) return `output ${output.id} has the level ${output.level}`;
    if (output.shard !== first.shard) return `output ${output.id} is of the shard ${output.shard}`;
    if (output.minTimeMs < range.minTimeMs || output.maxTimeMs > range.maxTimeMs)
      return `output ${output.id} has times that no source has`;
    if (sources.some(({ id }) => id === output.id)) return `output ${output.id} is a source`;
    const applied = output.origin?.deletionsApplied ?? 0;
    if (applied !== job.deletionsUpTo)
      return `output ${output.id} has other deletions applied: applied=${applied} job=${job.deletionsUpTo}`;
  }
  if (outputs.length !== rowsOut.size) return "a tenant has more than one output";
  for (const [tenant, rows] of rowsIn) {
    const deleted = deletedRows.get(tenant) ?? 0;
    if (deleted > 0 && !deletingTenants.has(tenant)) return `the tenant ${tenant} has no rows to delete`;
    const out = rowsOut.get(tenant);
    if (out === undefined && deleted === 0) return `there is no output for the tenant ${tenant}`;
    if ((out ?? 0) + deleted > rows)
      return `the tenant ${tenant} has more rows than before: before=${rows} after=${out} deleted=${deleted}`;
  }
  for (const tenant of [...rowsOut.keys(), ...deletedRows.keys()])
    if (!rowsIn.has(tenant)) return "an output is of a tenant that no source has";
  const before = total(rowsIn);
  const after = total(rowsOut);
  const deleted = total(deletedRows);
  const resolutionMs = tierOfLevel(job.outputLevel)?.resolutionMs ?? 0;
  if (summedRows > 0 && (resolutionMs === 0 || after === 0))
    return `rows are summed into none: summed=${summedRows}`;
  if (before !== after + repeatedRows + deleted + summedRows) {
    return `rows are missing: before=${before} after=${after} repeated=${repeatedRows} deleted=${deleted} summed=${summedRows}`;
  }
  return undefined;
}

function rowsByTenant(blocks: readonly BlockMeta[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { datasets } of blocks) {
    for (const { tenant, profileCount } of datasets) rows.set(tenant, (rows.get(tenant) ?? 0) + profileCount);
  }
  return rows;
}

function timeRange(blocks: readonly BlockMeta[]): { minTimeMs: number; maxTimeMs: number } {
  return {
    minTimeMs: blocks.reduce((min, block) => Math.min(min, block.minTimeMs), Infinity),
    maxTimeMs: blocks.reduce((max, block) => Math.max(max, block.maxTimeMs), 0),
  };
}

function total(rows: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of rows.values()) sum += count;
  return sum;
}
