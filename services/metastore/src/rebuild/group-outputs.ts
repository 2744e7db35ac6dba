import type { BlockOrigin } from "@hearth/block";
import { settleSourceLevels, sourceLevelsOf, type UnsettledGroup } from "./source-levels.ts";

/** Characters of an id. */
const ID_LENGTH = 26;

/** What a block above level 0 says of itself and of the merge that made it. */
export interface MergedBlock {
  readonly id: string;
  readonly shard: number;
  /** At least 1. */
  readonly level: number;
  readonly tenant: string;
  /** Of its earliest profile. */
  readonly minTimeMs: number;
  /** Undefined for blocks that do not say what they were made from. */
  readonly origin: PackedOrigin | undefined;
}

/** A block's origin as it is held of all blocks of a bucket at once: one string takes half of what twenty take. */
export interface PackedOrigin {
  /** Ids, sorted, one after another. */
  readonly sources: string;
  readonly outputCount: number;
  /**
   * 0 for a merge. Of a block that was written anew without deleted rows, the number of the last deletion that was applied:
   * higher than that of its one source, which has the same level.
   */
  readonly rewrite: number;
}

/** What one job made: outputs of the same sources, or as many of them as there are. */
export interface OutputGroup {
  /** Of the outputs. */
  readonly level: number;
  /** Of the sources: the one below, its own when it is written anew, and for blocks of tiers any from the highest of merged blocks on. */
  readonly sourceLevel: number;
  /** Sources that are in the bucket. */
  readonly present: readonly string[];
  /** Sources that are not. */
  readonly missing: readonly string[];
  /**
   * At least one. A tenant has more than one only if the job was done again with other bytes, by another version of the code; each of these holds
   * the same rows.
   */
  readonly outputs: readonly MergedBlock[];
  /** As in {@link PackedOrigin}. */
  readonly rewrite: number;
  /** Whether there is an output for each tenant. */
  readonly isComplete: boolean;
  readonly smallestId: string;
}

/** @param origin.sources - in any order. */
export function packOrigin(origin: BlockOrigin): PackedOrigin {
  return {
    rewrite: origin.isRewrite ? (origin.deletionsApplied ?? 0) : 0,
    sources: [...new Set(origin.sources)].toSorted().join(""),
    outputCount: origin.outputCount,
  };
}

export function unpackSources({ sources }: PackedOrigin): string[] {
  return Array.from({ length: sources.length / ID_LENGTH }, (_, at) =>
    sources.slice(at * ID_LENGTH, (at + 1) * ID_LENGTH),
  );
}

/**
 * The groups of the outputs of a shard, by level of their sources. A block whose origin cannot be true, since a source that is
 * there has another level than it should have, is in no group: going by it could make two blocks stand for each other.
 *
 * @param levelOf - of an object that is there, else undefined.
 */
export function groupOutputs(
  blocks: Iterable<MergedBlock>,
  levelOf: (id: string) => number | undefined,
): ReadonlyMap<number, readonly OutputGroup[]> {
  const byOrigin = new Map<string, MergedBlock[]>();
  for (const block of blocks) {
    if (!block.origin || block.origin.sources === "") continue;
    const { outputCount, rewrite, sources } = block.origin;
    const key = `${block.level}/${outputCount}/${rewrite}/${sources}`;
    const outputs = byOrigin.get(key);
    if (outputs) outputs.push(block);
    else byOrigin.set(key, [block]);
  }
  const groups = [...byOrigin.values()].flatMap((outputs) => groupOf(outputs, levelOf));
  return Map.groupBy(settleSourceLevels(groups), ({ sourceLevel }) => sourceLevel);
}

/** The group of outputs that name the same sources; none if a source has the wrong level. Its source level may not be known yet. */
function groupOf(
  outputs: readonly MergedBlock[],
  levelOf: (id: string) => number | undefined,
): UnsettledGroup[] {
  const { level, origin } = outputs[0]!;
  const { rewrite } = origin!;
  const present: string[] = [];
  const missing: string[] = [];
  let levels = sourceLevelsOf({ level, rewrite });
  for (const id of unpackSources(origin!)) {
    const sourceLevel = levelOf(id);
    if (sourceLevel === undefined) {
      missing.push(id);
      continue;
    }
    if (!levels.includes(sourceLevel)) return [];
    levels = [sourceLevel];
    present.push(id);
  }
  const tenants = new Set(outputs.map(({ tenant }) => tenant));
  const sorted = outputs.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const isComplete = tenants.size === origin!.outputCount;
  const smallestId = sorted[0]!.id;
  const sourceLevel = levels.length === 1 ? levels[0] : undefined;
  return [{ level, sourceLevel, rewrite, present, missing, outputs: sorted, isComplete, smallestId }];
}
