import type { CompiledDeletion } from "@hearth/deletions";
import { decodeDataset } from "../index-state/block-record.ts";
import type { BlockIndex } from "../index-state/block-index.ts";
import type { Partition } from "../index-state/partition.ts";
import { kindScope, type KindScope } from "./deletion-scopes.ts";

/** What a deletion would touch, as far as the index tells. */
export interface DeletionReach {
  /** Blocks that hold nothing else. */
  readonly wholeBlocks: number;
  /** Blocks that would have to be written anew. */
  readonly partialBlocks: number;
  /** Rows of the datasets that it touches: no more than so many would go. */
  readonly profiles: number;
  /** Stored bytes of these datasets. */
  readonly sizeBytes: number;
}

/** Looks at every block with data of the tenant, and changes nothing. */
export function reachOf(index: BlockIndex, deletion: CompiledDeletion): DeletionReach {
  const sum = { wholeBlocks: 0, partialBlocks: 0, profiles: 0, sizeBytes: 0 };
  for (const [, partition] of index.partitions()) {
    const scopes = new Map<number, KindScope<CompiledDeletion> | undefined>();
    for (const list of partition.tenants.get(deletion.tenant)?.shards.values() ?? []) {
      for (let position = 0; position < list.count; position++) {
        addRow(sum, { partition, row: list.at(position) }, deletion, scopes);
      }
    }
  }
  return sum;
}

function addRow(
  sum: { -readonly [K in keyof DeletionReach]: number },
  { partition, row }: { readonly partition: Partition; readonly row: number },
  deletion: CompiledDeletion,
  scopes: Map<number, KindScope<CompiledDeletion> | undefined>,
): void {
  let isTouched = false;
  let isCovered = true;
  partition.forEachDataset(row, (number, numbers) => {
    const kind = partition.vocabulary.kind(number);
    if (!scopes.has(number)) {
      scopes.set(number, kind.tenant === deletion.tenant ? kindScope(kind, deletion) : undefined);
    }
    const scope = scopes.get(number);
    const dataset = scope && decodeDataset(numbers, kind, partition.minTimeOf(row));
    if (!dataset || dataset.minTimeMs >= deletion.endMs || dataset.maxTimeMs < deletion.startMs) {
      isCovered = false;
      return;
    }
    isTouched = true;
    isCovered &&=
      scope.isWhole && dataset.minTimeMs >= deletion.startMs && dataset.maxTimeMs < deletion.endMs;
    sum.profiles += dataset.profileCount;
    sum.sizeBytes += dataset.sizeBytes;
  });
  if (!isTouched) return;
  if (isCovered) sum.wholeBlocks++;
  else sum.partialBlocks++;
}
