import { InvalidArgumentError } from "@hearth/errors";
import { isUlid } from "@hearth/runtime";
import type { BlockMeta, DatasetMeta } from "../block-meta.ts";

/** What a merge of blocks does, in which order. It follows from the blocks, in whatever order they are given. */
export interface MergePlan {
  /** Ids, sorted. */
  readonly sources: readonly string[];
  readonly shard: number;
  /** Of the outputs: one above that of the sources, or that of the one source that is written anew. */
  readonly level: number;
  readonly isRewrite: boolean;
  /** Sorted by tenant. */
  readonly outputs: readonly PlannedOutput[];
}

export interface PlannedOutput {
  readonly tenant: string;
  /** Sorted by service. */
  readonly datasets: readonly PlannedDataset[];
}

/** The profiles of one tenant and service. */
export interface PlannedDataset {
  readonly service: string;
  /** Where they are, sorted by block. */
  readonly parts: readonly PlannedPart[];
}

export interface PlannedPart {
  /** Id. */
  readonly block: string;
  readonly dataset: DatasetMeta;
}

/**
 * @param blocks - distinct, of one shard and one level; datasets without rows are left out.
 * @param isRewrite - the one block, of level 1 or above, is written anew into one of its own level.
 * @throws {InvalidArgumentError} for others.
 */
export function planMerge(blocks: readonly BlockMeta[], isRewrite = false): MergePlan {
  const sorted = blocks.toSorted((a, b) => compare(a.id, b.id));
  checkBlocks(sorted);
  const { shard, level } = sorted[0]!;
  if (isRewrite && (sorted.length > 1 || level === 0)) {
    throw new InvalidArgumentError(
      `merge: cannot be written anew as one block: blocks=${sorted.length} level=${level}`,
    );
  }
  const parts = sorted.flatMap(({ id, datasets }) =>
    datasets.filter(({ profileCount }) => profileCount > 0).map((dataset) => ({ block: id, dataset })),
  );
  const outputs = grouped(parts, ({ dataset }) => dataset.tenant).map(([tenant, ofTenant]) => ({
    tenant,
    datasets: grouped(ofTenant, ({ dataset }) => dataset.service).map(([service, ofService]) => ({
      service,
      parts: ofService,
    })),
  }));
  const sources = sorted.map(({ id }) => id);
  return { sources, shard, level: isRewrite ? level : level + 1, isRewrite, outputs };
}

function checkBlocks(sorted: readonly BlockMeta[]): void {
  const first = sorted[0];
  if (!first) throw new InvalidArgumentError("merge: no blocks");
  for (const [index, { id, shard, level }] of sorted.entries()) {
    if (!isUlid(id)) throw new InvalidArgumentError(`merge: no block id: block=${id}`);
    if (id === sorted[index - 1]?.id)
      throw new InvalidArgumentError(`merge: a block comes twice: block=${id}`);
    if (shard !== first.shard || level !== first.level) {
      throw new InvalidArgumentError(
        `merge: shard or level differs: block=${id} shard=${shard} level=${level}`,
      );
    }
  }
}

/** Groups in the order of their keys; within a group the order stays. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, keyOf)].sort(([a], [b]) => compare(a, b));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
