/**
 * Which blocks of a day that is over go together. A block belongs to the day (UTC) of its newest data. When the day ended long enough ago, all
 * blocks of it of one tenant, shard and level go into as few jobs as may be, each into one block of the tier: the coarsest that is due. So
 * what is pushed late is summed with its day, or, when that was done, by itself. Where none is due, small blocks are gathered.
 *
 * A block of a tier is not summed again for the same tier: a day may have several, as it would have several of level 3.
 */
import type { BlockNotes } from "../compaction/block-notes.ts";
import { MAX_LEVEL } from "../compaction/compaction-settings.ts";
import { isTierJob, type JobTable } from "../compaction/job-table.ts";
import type { ReadyBatch } from "../compaction/waiting-blocks.ts";
import type { BlockIndex } from "../index-state/block-index.ts";
import type { BlockPlace } from "../index-state/block-place.ts";
import type { Partition } from "../index-state/partition.ts";
import { GATHERED_LEVEL, gatheredTogether, isGatherable } from "./gather-days.ts";
import type { GatherRule, TierCutoff, TierPlan } from "./tier-plan.ts";

/** What a plan looks at. */
export interface TierView {
  readonly index: BlockIndex;
  readonly jobs: JobTable;
  readonly notes: BlockNotes;
}

/** Sources of a job for a tier. */
export interface TierBatch extends ReadyBatch {
  /** Of the tier. */
  readonly outputLevel: number;
}

/** What a plan came to. */
export interface TiersPlanned {
  readonly jobCount: number;
  /** Nothing is left that is due, but for what is in jobs. */
  readonly isComplete: boolean;
}

/** Blocks that could go together. */
interface DueGroup {
  readonly tenant: string;
  /** Days since 1970. */
  readonly day: number;
  readonly shard: number;
  readonly level: number;
  readonly outputLevel: number;
  readonly blocks: BlockPlace[];
}

export const DAY_MS = 24 * 60 * 60 * 1_000;

/** Jobs that are due, at most as many as there may be: by tenant, day, shard and level, so that every node makes the same. */
export function dueTierBatches(
  view: TierView,
  plan: TierPlan,
): { readonly batches: readonly TierBatch[]; readonly isComplete: boolean } {
  const room = plan.maxJobs - Array.from(view.jobs.all()).filter(isTierJob).length;
  const batches: TierBatch[] = [];
  for (const group of dueGroups(view, plan)) {
    for (const batch of batchesOf(group, view, plan)) {
      if (batches.length >= room) return { batches, isComplete: false };
      batches.push(batch);
    }
  }
  return { batches, isComplete: true };
}

function dueGroups(view: TierView, { cutoffs, gather }: TierPlan): DueGroup[] {
  const byTenant = Map.groupBy(cutoffs, ({ tenant }) => tenant);
  const busy = view.jobs.blockIds();
  const groups = new Map<string, DueGroup>();
  for (const [, partition] of view.index.partitions()) {
    for (const tenant of partition.tenants.keys()) {
      const ofTenant = byTenant.get(tenant) ?? [];
      if (ofTenant.length > 0 || gather)
        addDue(groups, { partition, tenant, cutoffs: ofTenant, gather, busy, notes: view.notes });
    }
  }
  return [...groups.values()].sort(compareGroups);
}

function addDue(
  groups: Map<string, DueGroup>,
  {
    partition,
    tenant,
    cutoffs,
    gather,
    busy,
    notes,
  }: {
    partition: Partition;
    tenant: string;
    cutoffs: readonly TierCutoff[];
    gather: GatherRule | undefined;
    busy: ReadonlySet<string>;
    notes: BlockNotes;
  },
): void {
  const latestMs = Math.max(gather?.beforeMs ?? 0, ...cutoffs.map(({ beforeMs }) => beforeMs));
  if (partition.minTimeMs >= latestMs) return;
  if (cutoffs.length === 0 && partition.maxTimeMs < gather!.sinceMs - DAY_MS) return;
  for (const [shard, rows] of partition.tenants.get(tenant)!.shards) {
    for (let position = 0; position < rows.count; position++) {
      const row = rows.at(position);
      const day = Math.floor(partition.maxTimeOf(row) / DAY_MS);
      const dayEndMs = (day + 1) * DAY_MS;
      if (dayEndMs > latestMs) continue;
      const block = partition.place(row);
      const { id, level } = block;
      const canGather = gather !== undefined && isGatherable(block, dayEndMs, gather);
      const outputLevel = dueLevel(level, dayEndMs, cutoffs) || (canGather ? GATHERED_LEVEL : 0);
      if (outputLevel === 0 || busy.has(id) || notes.isQuarantined(id)) continue;
      const key = `${tenant}/${day}/${shard}/${level}`;
      const group = groups.get(key);
      if (group) group.blocks.push(block);
      else groups.set(key, { tenant, day, shard, level, outputLevel, blocks: [block] });
    }
  }
}

/** Of the coarsest tier that a block is due for; 0 when it is for none. */
function dueLevel(level: number, dayEndMs: number, cutoffs: readonly TierCutoff[]): number {
  let due = 0;
  if (level < MAX_LEVEL) return due;
  for (const cutoff of cutoffs) {
    if (cutoff.level > level && dayEndMs <= cutoff.beforeMs) due = Math.max(due, cutoff.level);
  }
  return due;
}

function* batchesOf(
  { tenant, shard, level, outputLevel, blocks }: DueGroup,
  view: TierView,
  plan: TierPlan,
): Generator<TierBatch> {
  const sorted = blocks.sort((a, b) => (a.id < b.id ? -1 : 1));
  const together =
    outputLevel === GATHERED_LEVEL
      ? gatheredTogether(sorted, view, plan)
      : summedTogether(sorted, view.notes, plan);
  for (const taken of together) {
    const sizeBytes = taken.reduce((sum, block) => sum + block.sizeBytes, 0);
    yield { tenant, shard, level, outputLevel, blocks: taken, sizeBytes };
  }
}

function* summedTogether(
  blocks: readonly BlockPlace[],
  notes: BlockNotes,
  { maxBlocks, maxBytes }: TierPlan,
): Generator<readonly BlockPlace[]> {
  let taken: BlockPlace[] = [];
  let sizeBytes = 0;
  for (const block of blocks) {
    if (notes.isSolo(block.id)) {
      yield [block];
      continue;
    }
    if (taken.length > 0 && (taken.length === maxBlocks || sizeBytes + block.sizeBytes > maxBytes)) {
      yield taken;
      taken = [];
      sizeBytes = 0;
    }
    taken.push(block);
    sizeBytes += block.sizeBytes;
  }
  if (taken.length > 0) yield taken;
}

function compareGroups(a: DueGroup, b: DueGroup): number {
  if (a.tenant !== b.tenant) return a.tenant < b.tenant ? -1 : 1;
  return a.day - b.day || a.shard - b.shard || a.level - b.level;
}
