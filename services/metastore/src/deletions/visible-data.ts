import type { BlockIndex, TenantStats } from "../index-state/block-index.ts";
import type { Partition } from "../index-state/partition.ts";
import { isInside, touches, type DataTimes, type DeletionScopes } from "./deletion-scopes.ts";
import type { Deletion } from "./deletion.ts";
import type { Deletions } from "./deletions.ts";

/** What deletions hide of a dataset. */
export interface DatasetScope {
  /** Those that may cover rows of it, in the order of their numbers; at least one. */
  readonly deletions: readonly Deletion[];
  /** For each label set of its kind 1 when every row of it is covered. */
  readonly coveredSets: Uint8Array;
  readonly isCovered: boolean;
}

/**
 * @param kindNumber - of the dataset, and `times` its data time.
 * @returns undefined when no deletion that was not applied to its block concerns it.
 */
export function datasetScope(
  scopes: DeletionScopes,
  { partition, row }: { readonly partition: Partition; readonly row: number },
  kindNumber: number,
  times: DataTimes,
): DatasetScope | undefined {
  const ofKind = scopes.ofKind(partition, kindNumber);
  if (ofKind.length === 0) return undefined;
  const applied = partition.deletionsApplied(row);
  const touching = ofKind.filter((scope) => touches(scope, times, applied));
  if (touching.length === 0) return undefined;
  const coveredSets = new Uint8Array(touching[0]!.coveredSets.length);
  let isCovered = false;
  for (const { deletion, coveredSets: sets, isWhole } of touching) {
    if (!isInside(times, deletion)) continue;
    for (let set = 0; set < sets.length; set++) coveredSets[set]! |= sets[set]!;
    isCovered ||= isWhole;
  }
  isCovered ||= coveredSets.length > 0 && coveredSets.every((isSetCovered) => isSetCovered === 1);
  return { deletions: touching.map(({ deletion }) => deletion), coveredSets, isCovered };
}

/** What is stored of a tenant, without what is known to be deleted; undefined when nothing is. */
export function visibleStats(
  index: BlockIndex,
  { scopes, table, touched }: Deletions,
  tenant: string,
): TenantStats | undefined {
  const stored = index.tenantStats(tenant);
  const isTouched = table.ofTenant(tenant).some(({ number }) => touched.countOf(number) > 0);
  if (!stored || !isTouched) return stored;
  let blockCount = 0;
  let sizeBytes = 0;
  let minTimeMs = Infinity;
  let maxTimeMs = -Infinity;
  for (const [, partition] of index.partitions()) {
    for (const list of partition.tenants.get(tenant)?.shards.values() ?? []) {
      for (let position = 0; position < list.count; position++) {
        const row = list.at(position);
        let isVisible = false;
        partition.forEachDataset(row, (kind, numbers) => {
          if (partition.vocabulary.kind(kind).tenant !== tenant) return;
          const times = partition.datasetTimes(row, numbers);
          if (datasetScope(scopes, { partition, row }, kind, times)?.isCovered) return;
          isVisible = true;
          minTimeMs = Math.min(minTimeMs, times.minTimeMs);
          maxTimeMs = Math.max(maxTimeMs, times.maxTimeMs);
          numbers.integer();
          sizeBytes += numbers.integer();
        });
        if (isVisible) blockCount++;
      }
    }
  }
  return blockCount === 0 ? undefined : { ...stored, blockCount, sizeBytes, minTimeMs, maxTimeMs };
}
