/**
 * Which blocks of a bucket belong into an index that is rebuilt from it. A job of compaction stores its outputs, registers
 * them in the place of their sources in one step, and has the sources deleted later; so a bucket holds, beside what was registered, sources that
 * are not deleted yet and outputs that never were registered. What tells them apart is that each output names its sources, and how many
 * outputs its job has: one for each tenant. Outputs that name the same sources are a group.
 *
 * A group _counts_ when its outputs are to be in the index: they are registered, unless a group of the level above that
 * counts is made from them. Levels are gone through from the highest to the lowest, shards one by one.
 *
 * 1. A group with an output for each tenant is complete, and counts: its sources are _superseded_.
 * 2. Of two complete groups with a common source only one was registered: the job was taken apart, and its blocks were
 *    merged in another composition. First come groups that count in any case (see 4), then the one with the smallest id of an output. A
 *    later one is _orphaned_ if every source of it is there, or is claimed by a group before it.
 * 3. A group that is not complete is orphaned if every source of it is there or is claimed by a complete group: a worker ended
 *    between storing its outputs and registering them. The sources hold all that the outputs hold.
 * 4. Any other group counts, since something of it is nowhere else: siblings of its outputs were compacted further or
 *    deleted, which happens to registered blocks only. A group also counts if a group above that counts is made from one of its outputs:
 *    jobs take registered blocks only.
 * 5. A group that counts by 4 though it is not complete does not supersede its sources: those that are there are registered
 *    too, for the sake of tenants whose outputs are missing, and are _doubtful_. Where a group that counts shares a source with
 *    one before it, its outputs are doubtful.
 * 6. Of several outputs for the same tenant in a group that counts, each holds the same rows: the one that was compacted
 *    further is kept, else the first; the others are orphaned. Had two of them been compacted further, the second is doubtful.
 * 7. A block that is registered though its rows may be in a missing block that was compacted further is doubtful:
 *    {@link CompactionGaps}. So are the sources of a job whose outputs are all gone, if they were never deleted.
 * 8. A block of a tier may be made of any level from the highest of merged blocks on: {@link OutputGroup.sourceLevel}.
 * 9. A block that was written anew without rows that were deleted on request is a group of its own, whose source has its own level. It
 *    comes after the groups of the level above, and before whatever it was made from: of a chain of such blocks the last is registered.
 *
 * What holds: whatever is not registered has all of its rows in blocks that are. Superseded leads to outputs of a group that
 * counts, at a higher level, which are never orphaned by 2 or 3 and so end in a registered block. Orphaned leads to sources, at a lower level, each of
 * which is registered, orphaned again, or superseded; the lowest have no sources to be orphaned for.
 */
import { CompactionGaps } from "./compaction-gaps.ts";
import { groupOutputs, type MergedBlock, type OutputGroup } from "./group-outputs.ts";

export interface BucketBlocks {
  /** Of level 0. */
  readonly segments: readonly { readonly id: string; readonly shard: number }[];
  /** Of level 1 and above, each id once. What cannot be read is left out: it stands for nothing. */
  readonly merged: readonly MergedBlock[];
}

/** Everything in the bucket that is neither superseded nor orphaned is to be registered. */
export interface SupersessionPlan {
  /** Compacted into blocks that are to be registered. */
  readonly superseded: ReadonlySet<string>;
  /** Outputs that are not to be registered, since others hold the same rows. */
  readonly orphaned: ReadonlySet<string>;
  /** Rows of these may be in the index more than once. Such a block is to be registered, or what it was compacted into is. */
  readonly doubtful: ReadonlySet<string>;
}

/**
 * Decides what belongs into the index: see the head of this file. The order of what it is given does not matter. No shard has to do
 * with another: they may be given one by one.
 */
export function planSupersession({ segments, merged }: BucketBlocks): SupersessionPlan {
  const plan = {
    superseded: new Set<string>(),
    orphaned: new Set<string>(),
    doubtful: new Set<string>(),
  };
  const byShard = Map.groupBy(merged, ({ shard }) => shard);
  const segmentsByShard = Map.groupBy(segments, ({ shard }) => shard);
  for (const [shard, blocks] of byShard) {
    const ids = (segmentsByShard.get(shard) ?? []).map(({ id }) => id);
    new ShardPlanner(ids, blocks, plan).plan();
  }
  return plan;
}

/** Of sources of one level: which of them are in a group that counts already. */
interface Claims {
  readonly byAny: Set<string>;
  readonly byComplete: Set<string>;
}

class ShardPlanner {
  readonly #segments: readonly string[];
  readonly #blocks: readonly MergedBlock[];
  readonly #superseded: Set<string>;
  readonly #orphaned: Set<string>;
  readonly #doubtful: Set<string>;
  readonly #levels: ReadonlyMap<string, number>;
  readonly #gaps = new CompactionGaps();
  /** What groups that count are made from, of the levels so far. */
  readonly #compacted = new Set<string>();

  constructor(
    segments: readonly string[],
    blocks: readonly MergedBlock[],
    plan: { superseded: Set<string>; orphaned: Set<string>; doubtful: Set<string> },
  ) {
    this.#segments = segments;
    this.#blocks = blocks;
    this.#superseded = plan.superseded;
    this.#orphaned = plan.orphaned;
    this.#doubtful = plan.doubtful;
    const levels = new Map(segments.map((id) => [id, 0]));
    for (const { id, level } of blocks) levels.set(id, level);
    this.#levels = levels;
  }

  plan(): void {
    const groups = groupOutputs(this.#blocks, (id) => this.#levels.get(id));
    for (const level of [...groups.keys()].toSorted((a, b) => b - a)) this.#planSources(groups.get(level)!);
    this.#gaps.seal();
    for (const id of this.#segments) {
      if (this.#isRegistered(id) && this.#gaps.mayHoldSegment(id)) this.#doubtful.add(id);
    }
    for (const block of this.#blocks) {
      if (this.#isRegistered(block.id) && this.#gaps.mayHold(block)) this.#doubtful.add(block.id);
    }
  }

  /** Of groups whose sources have one level: first those of the level above, then blocks that were written anew, the last first. */
  #planSources(groups: readonly OutputGroup[]): void {
    const claims: Claims = { byAny: new Set(), byComplete: new Set() };
    const byRewrite = Map.groupBy(groups, ({ rewrite }) => (rewrite === 0 ? Infinity : rewrite));
    for (const number of [...byRewrite.keys()].toSorted((a, b) => b - a)) {
      this.#planLevel(byRewrite.get(number)!, claims);
    }
  }

  #planLevel(groups: readonly OutputGroup[], claims: Claims): void {
    const bySmallestId = groups.toSorted((a, b) => (a.smallestId < b.smallestId ? -1 : 1));
    const complete = bySmallestId.filter(({ isComplete }) => isComplete);
    const shared = repeatedSources(complete);
    const countsAnyhow = (group: OutputGroup): boolean =>
      this.#isCompacted(group) || group.missing.some((id) => !shared.has(id));
    const [first, second] = partition(complete, countsAnyhow);
    for (const group of [...first, ...second]) {
      const isContested = sourcesOf(group).some((id) => claims.byComplete.has(id));
      if (isContested && this.#isSpare(group, claims)) this.#orphan(group);
      else this.#count(group, claims);
    }
    for (const group of bySmallestId) {
      if (group.isComplete) continue;
      if (this.#isSpare(group, claims)) this.#orphan(group);
      else this.#count(group, claims);
    }
  }

  /** Whether all that it holds is elsewhere, so far as can be seen, and nothing was made from it. */
  #isSpare(group: OutputGroup, claims: Claims): boolean {
    return !this.#isCompacted(group) && group.missing.every((id) => claims.byComplete.has(id));
  }

  #isCompacted(group: OutputGroup): boolean {
    return group.outputs.some(({ id }) => this.#compacted.has(id));
  }

  #orphan(group: OutputGroup): void {
    for (const { id } of group.outputs) this.#orphaned.add(id);
  }

  #count(group: OutputGroup, claims: Claims): void {
    const kept = this.#keepOnePerTenant(group);
    const sources = sourcesOf(group);
    if (sources.some((id) => claims.byAny.has(id))) for (const { id } of kept) this.#doubtful.add(id);
    for (const id of sources) {
      claims.byAny.add(id);
      if (group.isComplete) claims.byComplete.add(id);
    }
    for (const id of group.present) {
      this.#compacted.add(id);
      if (group.isComplete) this.#superseded.add(id);
      else if (!claims.byComplete.has(id)) this.#doubtful.add(id);
    }
    for (const block of kept) this.#gaps.add(block, group.missing, group.sourceLevel);
  }

  #keepOnePerTenant({ outputs }: OutputGroup): readonly MergedBlock[] {
    const kept = new Map<string, MergedBlock>();
    const [compacted, others] = partition(outputs, ({ id }) => this.#compacted.has(id));
    for (const block of [...compacted, ...others]) {
      if (!kept.has(block.tenant)) kept.set(block.tenant, block);
      else if (this.#compacted.has(block.id)) this.#doubtful.add(block.id);
      else this.#orphaned.add(block.id);
    }
    return [...kept.values()];
  }

  #isRegistered(id: string): boolean {
    return !this.#superseded.has(id) && !this.#orphaned.has(id);
  }
}

function sourcesOf({ present, missing }: OutputGroup): readonly string[] {
  return [...present, ...missing];
}

/** Sources of more than one of the groups. */
function repeatedSources(groups: readonly OutputGroup[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const group of groups) {
    for (const id of sourcesOf(group)) {
      if (seen.has(id)) repeated.add(id);
      else seen.add(id);
    }
  }
  return repeated;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const second: T[] = [];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}
