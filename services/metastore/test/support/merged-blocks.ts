import type { BlockMeta, DatasetMeta } from "@hearth/block";
import { ulidTimeMs, type Random } from "@hearth/runtime";
import { ulidAt } from "./blocks.ts";

/** What a worker would make of blocks: one of the next level for each tenant, with all of their rows. */
export function mergedBlocks(sources: readonly BlockMeta[], random: Random): BlockMeta[] {
  const byTenant = new Map<string, DatasetMeta[]>();
  for (const { datasets } of sources) {
    for (const one of datasets) byTenant.set(one.tenant, [...(byTenant.get(one.tenant) ?? []), one]);
  }
  const origin = {
    sources: sources.map(({ id }) => id).toSorted((a, b) => (a < b ? -1 : 1)),
    outputCount: byTenant.size,
  };
  const newestMs = Math.max(...sources.map(({ id }) => ulidTimeMs(id)));
  return [...byTenant].map(([tenant, datasets]) => {
    const [first] = datasets;
    const merged = {
      ...first!,
      minTimeMs: Math.min(...datasets.map(({ minTimeMs }) => minTimeMs)),
      maxTimeMs: Math.max(...datasets.map(({ maxTimeMs }) => maxTimeMs)),
      profileCount: rowsOf(datasets),
    };
    const { minTimeMs, maxTimeMs } = merged;
    return {
      formatVersion: 1,
      id: ulidAt(newestMs, random),
      tenant,
      shard: sources[0]!.shard,
      level: sources[0]!.level + 1,
      minTimeMs,
      maxTimeMs,
      createdBy: "",
      sizeBytes: 10_000,
      datasets: [merged],
      origin,
    };
  });
}

export function rowsOf(datasets: readonly Pick<DatasetMeta, "profileCount">[]): number {
  return datasets.reduce((sum, { profileCount }) => sum + profileCount, 0);
}
