import { InvalidArgumentError } from "@hearth/errors";
import { isUlid } from "@hearth/runtime";
import type { BlockMeta, DatasetMeta } from "../block-meta.ts";
import { type Tier, tierOfLevel } from "../tiers.ts";

/** What a merge of blocks does, in which order. It follows from the blocks, in whatever order they are given. */
export interface MergePlan {
  /** Ids, sorted. */
  readonly sources: readonly string[];
  readonly shard: number;
  /** Of the outputs: one above that of the sources, that of the one source that is written anew, or that of {@link tier}. */
  readonly level: number;
  /** Rows are summed to its resolution, if it has one; absent when the level is one of merging alone. */
  readonly tier?: Tier;
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
 * @param outputLevel - that of a tier, above that of the blocks, which are of one tenant; 0 for the next level.
 * @throws {InvalidArgumentError} for others.
 */
export function planMerge(blocks: readonly BlockMeta[], isRewrite = false, outputLevel = 0): MergePlan {
  const sorted = blocks.toSorted((a, b) => compare(a.id, b.id));
  checkBlocks(sorted);
  const { shard, level } = sorted[0]!;
  if (isRewrite) checkRewrite(sorted, outputLevel);
  else checkLevels(sorted, outputLevel);
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
  const tier = tierOfLevel(outputLevel);
  const ownOrNext = isRewrite ? level : level + 1;
  return { sources, shard, level: tier?.level ?? ownOrNext, ...(tier && { tier }), isRewrite, outputs };
}

function checkRewrite(sorted: readonly BlockMeta[], outputLevel: number): void {
  const { level } = sorted[0]!;
  if (sorted.length > 1 || level === 0 || outputLevel !== 0) {
    throw new InvalidArgumentError(
      `merge: cannot be written anew as one block: blocks=${sorted.length} level=${level} output_level=${outputLevel}`,
    );
  }
}

/** No block gets into a tier as the next level. */
function checkLevels(sorted: readonly BlockMeta[], outputLevel: number): void {
  const { level, tenant } = sorted[0]!;
  const isTier = tierOfLevel(outputLevel || level + 1) !== undefined;
  const isFit = outputLevel === 0 ? !isTier : isTier && level > 0 && level < outputLevel;
  if (!isFit)
    throw new InvalidArgumentError(`merge: no such output: level=${level} output_level=${outputLevel}`);
  const other = sorted.find((block) => block.tenant !== tenant);
  if (other && outputLevel > 0)
    throw new InvalidArgumentError(`merge: tenant differs: block=${other.id} tenant=${other.tenant}`);
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
