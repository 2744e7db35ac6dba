import type { BlockMeta } from "@hearth/block";

/**
 * Why blocks cannot take the place of the sources of a job; undefined when they can. Each is valid in itself. What they hold must
 * be what the sources held: one block for each tenant, and every row but for those that were there more than once.
 *
 * @param repeatedRows - how many rows the worker dropped as repeats of others.
 */
export function outputsRefusal(
  sources: readonly BlockMeta[],
  outputs: readonly BlockMeta[],
  repeatedRows: number,
): string | undefined {
  const [first] = sources;
  if (!first) return "the job has no sources";
  const rowsIn = rowsByTenant(sources);
  const rowsOut = rowsByTenant(outputs);
  const range = timeRange(sources);
  for (const output of outputs) {
    if (output.level !== first.level + 1) return `output ${output.id} has the level ${output.level}`;
    if (output.shard !== first.shard) return `output ${output.id} is of the shard ${output.shard}`;
    if (output.minTimeMs < range.minTimeMs || output.maxTimeMs > range.maxTimeMs)
      return `output ${output.id} has times that no source has`;
    if (sources.some(({ id }) => id === output.id)) return `output ${output.id} is a source`;
  }
  if (outputs.length !== rowsOut.size) return "a tenant has more than one output";
  for (const [tenant, rows] of rowsIn) {
    const out = rowsOut.get(tenant);
    if (out === undefined) return `there is no output for the tenant ${tenant}`;
    if (out > rows) return `the tenant ${tenant} has more rows than before: before=${rows} after=${out}`;
  }
  if (rowsOut.size !== rowsIn.size) return "an output is of a tenant that no source has";
  const before = total(rowsIn);
  const after = total(rowsOut);
  if (before !== after + repeatedRows) {
    return `rows are missing: before=${before} after=${after} repeated=${repeatedRows}`;
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
