import { TIERS } from "@hearth/block";
import { ulidTimeMs } from "@hearth/runtime";
import type { BlockPlace } from "../index-state/block-place.ts";
import type { MetastoreState } from "../index-state/metastore-state.ts";
import type { TenantStats } from "../index-state/block-index.ts";
import type { Compaction } from "./compaction.ts";
import type { TierAges } from "../tiers/plan-until.ts";
import type { CompactionSettings } from "./compaction-settings.ts";
import type { Job } from "./job-table.ts";

/** Lists are cut to these lengths, with the count of all beside them: a report is for people. */
const MAX_ITEMS = 100;
const MAX_TENANTS = 1_000;

/** What compaction has before it, and what retention will do. All times are Unix milliseconds. */
export interface CompactionReport {
  /** The time of the log. */
  readonly logTimeMs: number;
  /** By level, of those that have blocks. */
  readonly levels: readonly LevelReport[];
  readonly jobs: readonly Job[];
  readonly jobCount: number;
  readonly quarantined: readonly QuarantinedBlock[];
  readonly quarantinedCount: number;
  readonly tombstones: TombstoneReport;
  readonly tenants: readonly TenantReport[];
  readonly tenantCount: number;
}

export interface LevelReport {
  readonly level: number;
  readonly blockCount: number;
  readonly sizeBytes: number;
  /** Of the blocks, those that wait to be merged. */
  readonly waitingBlockCount: number;
  readonly waitingBytes: number;
  readonly queueCount: number;
  /** Jobs that could begin now. */
  readonly readyJobCount: number;
  /** Time of the oldest block that waits and has company. */
  readonly oldestWaitingMs: number | undefined;
}

export interface QuarantinedBlock {
  readonly block: BlockPlace;
  readonly reason: string;
  readonly sinceMs: number;
}

export interface TombstoneReport {
  /** Objects that are to be deleted. */
  readonly storedCount: number;
  readonly storedBytes: number;
  readonly oldestSinceMs: number | undefined;
  /** Deleted, and still remembered. */
  readonly deletedCount: number;
}

export interface TenantReport {
  readonly tenant: string;
  readonly stats: TenantStats;
  /** 0: for ever. */
  readonly retentionMs: number;
  /** Nothing goes before the one, and all that is there now has gone by the other; undefined when it is kept for ever. */
  readonly expiry: { readonly beginsMs: number; readonly endsMs: number } | undefined;
  /** Those that it wants or has something of, by level. */
  readonly tiers: readonly TierReport[];
}

const SUMS = TIERS.filter(({ resolutionMs }) => resolutionMs > 0);

/** What of a tenant is summed. */
export interface TierReport {
  /** Of the tier. */
  readonly level: number;
  /** Days that ended longer ago are to be summed; 0: none is any more. */
  readonly afterMs: number;
  readonly blockCount: number;
  readonly sizeBytes: number;
}

export interface ReportSettings {
  readonly plan: CompactionSettings;
  readonly graceMs: number;
  readonly retentionMsOf: (tenant: string) => number;
  readonly tierAgesOf: TierAges;
}

/** Walks over all blocks once: some milliseconds for ten thousands of them. */
export function compactionReport(state: MetastoreState, settings: ReportSettings): CompactionReport {
  const { index, compaction, lastStampMs } = state;
  const quarantined = quarantinedBlocks(state);
  const tenants = index.tenants();
  const tiers = blocksOfTiers(state);
  return {
    logTimeMs: lastStampMs,
    levels: levelReports(state, settings.plan),
    jobs: [...compaction.jobs.all()].slice(0, MAX_ITEMS),
    jobCount: compaction.jobs.count,
    quarantined: quarantined.slice(0, MAX_ITEMS),
    quarantinedCount: quarantined.length,
    tombstones: tombstoneReport(compaction),
    tenants: tenants
      .slice(0, MAX_TENANTS)
      .flatMap((tenant) => tenantReport(tenant, { state, tiers }, settings)),
    tenantCount: tenants.length,
  };
}

type MutableLevel = { -readonly [Key in keyof LevelReport]: LevelReport[Key] };

function levelReports(state: MetastoreState, plan: CompactionSettings): LevelReport[] {
  const { index, compaction, lastStampMs: nowMs } = state;
  const levels = new Map<number, MutableLevel>();
  const of = (level: number): MutableLevel => {
    const known = levels.get(level);
    if (known) return known;
    const added = { level, ...NO_BLOCKS };
    levels.set(level, added);
    return added;
  };
  for (const { level, sizeBytes } of index.places()) {
    const report = of(level);
    report.blockCount++;
    report.sizeBytes += sizeBytes;
  }
  for (const queue of compaction.waiting.queues()) {
    const [first] = queue;
    if (!first) continue;
    const report = of(first.level);
    report.queueCount++;
    report.waitingBlockCount += queue.length;
    for (const { sizeBytes } of queue) report.waitingBytes += sizeBytes;
    const sinceMs = queue.length > 1 ? ulidTimeMs(first.id) : Infinity;
    const oldestMs = Math.min(report.oldestWaitingMs ?? Infinity, sinceMs);
    report.oldestWaitingMs = oldestMs === Infinity ? undefined : oldestMs;
  }
  for (const { level } of compaction.readyBatches(plan, nowMs)) of(level).readyJobCount++;
  return [...levels.values()].sort((a, b) => a.level - b.level);
}

const NO_BLOCKS = {
  blockCount: 0,
  sizeBytes: 0,
  waitingBlockCount: 0,
  waitingBytes: 0,
  queueCount: 0,
  readyJobCount: 0,
  oldestWaitingMs: undefined,
};

function quarantinedBlocks({ index, compaction }: MetastoreState): QuarantinedBlock[] {
  return compaction.notes.all().flatMap(([id, note]) => {
    const block = note.type === "quarantined" ? index.get(id) : undefined;
    return block && note.type === "quarantined"
      ? [{ block, reason: note.reason, sinceMs: note.sinceMs }]
      : [];
  });
}

function tombstoneReport({ tombstones }: Compaction): TombstoneReport {
  let storedBytes = 0;
  let oldestSinceMs: number | undefined;
  for (const { sizeBytes, sinceMs, deletedMs } of tombstones.all()) {
    if (deletedMs !== undefined) break;
    storedBytes += sizeBytes;
    oldestSinceMs ??= sinceMs;
  }
  const storedCount = tombstones.presentCount;
  return { storedCount, storedBytes, oldestSinceMs, deletedCount: tombstones.count - storedCount };
}

function tenantReport(
  tenant: string,
  { state, tiers }: { state: MetastoreState; tiers: ReadonlyMap<string, Blocks> },
  { graceMs, retentionMsOf, tierAgesOf }: ReportSettings,
): TenantReport[] {
  const stats = state.index.tenantStats(tenant);
  if (!stats) return [];
  const retentionMs = retentionMsOf(tenant);
  const keptMs = retentionMs + graceMs;
  const expiry =
    retentionMs > 0 ? { beginsMs: stats.minTimeMs + keptMs, endsMs: stats.maxTimeMs + keptMs } : undefined;
  const ages = tierAgesOf(tenant);
  const ofTenant = SUMS.flatMap(({ level, name }) => {
    const afterMs = ages[name] ?? 0;
    const blocks = tiers.get(`${level}/${tenant}`);
    return blocks || afterMs > 0 ? [{ level, afterMs, ...(blocks ?? { blockCount: 0, sizeBytes: 0 }) }] : [];
  });
  return [{ tenant, stats, retentionMs, expiry, tiers: ofTenant }];
}

interface Blocks {
  blockCount: number;
  sizeBytes: number;
}

/** By level and tenant. */
function blocksOfTiers({ index }: MetastoreState): ReadonlyMap<string, Blocks> {
  const found = new Map<string, Blocks>();
  for (const { level, tenant, sizeBytes } of index.places()) {
    if (!SUMS.some((tier) => tier.level === level)) continue;
    const key = `${level}/${tenant}`;
    const blocks = found.get(key) ?? { blockCount: 0, sizeBytes: 0 };
    blocks.blockCount++;
    blocks.sizeBytes += sizeBytes;
    found.set(key, blocks);
  }
  return found;
}
