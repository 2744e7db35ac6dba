import { TENANTS } from "./blocks.ts";
import type { CompactionSettings } from "../../services/metastore/src/compaction/compaction-settings.ts";
import type { GatherRule } from "../../services/metastore/src/tiers/tier-plan.ts";
import { Dice } from "../../services/metastore/test/simulation/dice.ts";

/** How rough one run is. Every seed draws its own mixture, since bugs hide from average trouble. */
export interface Swarm {
  readonly hours: number;
  /** When of the day it begins. */
  readonly startMs: number;
  readonly nodes: 1 | 2 | 3;
  readonly writers: number;
  readonly workers: number;
  readonly shards: number;
  /** Mean pause of a writer between segments. */
  readonly segmentEveryMs: number;
  readonly queryEveryMs: number;
  /** Mean pause between requests to delete rows; 0: there are none. */
  readonly deleteEveryMs: number;
  /** How often a tenant has rows deleted while they are summed. */
  readonly sumsDeletedRate: number;
  /** How often clients push rows that are hours old. */
  readonly lateRate: number;
  /** And days old. */
  readonly oldRate: number;
  /** How often a client pushes rows again though they were stored. */
  readonly repeatRate: number;
  /** Blocks whose merge fails, and nobody can tell why. */
  readonly poisonRate: number;
  /** Workers of the version before, which do not sum. */
  readonly oldCodeRate: number;
  /** Workers of the next version, which write other bytes. */
  readonly newCodeRate: number;

  readonly rpcLossRate: number;
  readonly rpcDelayMs: number;
  readonly rpcTimeoutMs: number;
  readonly applyLagMs: number;
  readonly bucketDelayMs: number;
  readonly bucketErrorRate: number;

  readonly writerSkewMs: number;
  readonly nodeSkewMs: number;
  /** How much too fast or too slow clocks go at most. */
  readonly clockDrift: number;
  readonly writerCrashRate: number;
  readonly writerFreezeRate: number;
  readonly workerCrashRate: number;
  readonly workerFreezeRate: number;

  /** Mean time between two pieces of trouble. */
  readonly meanFaultMs: number;
  /** Weights of kinds of trouble; 0 when a run has none of it. */
  readonly faults: Readonly<Record<FaultKind, number>>;

  readonly registerTimeoutMs: number;
  readonly deadLetterIntervalMs: number;
  readonly pollIntervalMs: number;
  readonly workerJobs: number;
  readonly compaction: CompactionSettings;
  readonly orphans: OrphanSettings;
  readonly tiers: TierSettings;
}

export interface TierSettings {
  readonly planIntervalMs: number;
  readonly settleMs: number;
  /** How old data must be to be summed, by tenant and name of the tier; none where it never is. */
  readonly ages: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What is gathered when a day is over; absent: nothing. */
  readonly gather?: Omit<GatherRule, "sinceMs" | "beforeMs">;
  readonly maxJobs: number;
  readonly maxBlocks: number;
  readonly maxBytes: number;
}

export interface OrphanSettings {
  readonly sweepIntervalMs: number;
  readonly graceMs: number;
  readonly includesOld: boolean;
}

export const FAULT_KINDS = [
  "restart-node",
  "freeze-node",
  "change-leader",
  "jump-clock",
  "damage-object",
  "lose-object",
  "bucket-outage",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Rates that can be taken out of a run; see `shrink.ts`. */
export const RATES = [
  "deleteEveryMs",
  "lateRate",
  "oldRate",
  "sumsDeletedRate",
  "oldCodeRate",
  "repeatRate",
  "poisonRate",
  "newCodeRate",
  "rpcLossRate",
  "bucketErrorRate",
  "writerSkewMs",
  "nodeSkewMs",
  "clockDrift",
  "writerCrashRate",
  "writerFreezeRate",
  "workerCrashRate",
  "workerFreezeRate",
] as const satisfies readonly (keyof Swarm)[];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MIB = 1024 * 1024;

export function drawSwarm(seed: number): Swarm {
  const dice = new Dice(Math.imul(seed + 1, 0x27d4eb2f) ^ 0x1b873593);
  const swarm = drawRun(dice);
  const loneAgeMs = dice.chance(0.3) ? 0 : Math.round(dice.between(0.5, 4) * HOUR);
  const calm = { ...swarm, compaction: { ...swarm.compaction, loneAgeMs } };
  return dice.chance(0.4) ? calm : withTiers(calm, dice);
}

/** A day ends in the run, or soon after it, and clients push what is of days before. */
function withTiers(swarm: Swarm, dice: Dice): Swarm {
  const age = (...hours: readonly number[]): number => Math.round(dice.pick(hours) * HOUR);
  const ages = TENANTS.map(
    (tenant) => [tenant, { "5m": age(0, 0.2, 0.5, 1), "1h": age(0, 0.3, 2, 4) }] as const,
  );
  return {
    ...swarm,
    hours: swarm.hours + dice.between(0, 5),
    startMs: Math.round((24 - dice.between(1, 9)) * HOUR),
    oldRate: dice.between(0.1, 0.5),
    sumsDeletedRate: dice.chance(0.4) ? 0 : 0.6,
    oldCodeRate: dice.chance(0.5) ? 0 : dice.between(0, 0.5),
    tiers: {
      planIntervalMs: Math.round(dice.between(2, 20) * MINUTE),
      settleMs: Math.round(dice.between(0, 20) * MINUTE),
      ages: Object.fromEntries(ages),
      maxJobs: dice.pick([1, 3, 100]),
      maxBlocks: dice.pick([2, 5, 200]),
      maxBytes: dice.pick([20_000, MIB]),
      ...(dice.chance(0.6) && { gather: drawGather(dice) }),
    },
  };
}

function drawGather(dice: Dice): TierSettings["gather"] & object {
  return {
    maxDatasetBytes: dice.pick([12_000, 60_000, MIB]),
    maxBlockBytes: dice.pick([20_000, MIB]),
    minBlocks: dice.integer(2, 4),
  };
}

const NO_TIERS: TierSettings = {
  planIntervalMs: HOUR,
  settleMs: 0,
  ages: {},
  maxJobs: 0,
  maxBlocks: 1,
  maxBytes: 0,
};

function drawRun(dice: Dice): Swarm {
  const some = (most: number): number => (dice.chance(0.35) ? 0 : dice.between(0, most));
  return {
    hours: dice.between(2, 7),
    startMs: 0,
    oldRate: 0,
    sumsDeletedRate: 0,
    oldCodeRate: 0,
    tiers: NO_TIERS,
    nodes: dice.pick([1, 2, 3, 3]),
    writers: dice.integer(1, 4),
    workers: dice.integer(1, 3),
    shards: dice.integer(1, 2),
    segmentEveryMs: dice.between(4 * MINUTE, 15 * MINUTE),
    queryEveryMs: dice.between(10 * MINUTE, 60 * MINUTE),
    deleteEveryMs: dice.chance(0.35) ? 0 : dice.between(10 * MINUTE, 90 * MINUTE),
    lateRate: some(0.5),
    repeatRate: some(0.4),
    poisonRate: dice.chance(0.7) ? 0 : dice.between(0, 0.05),
    newCodeRate: some(0.5),
    rpcLossRate: some(0.25),
    rpcDelayMs: dice.between(1, 400),
    rpcTimeoutMs: dice.between(SECOND, 8 * SECOND),
    applyLagMs: dice.between(1, 2_000),
    bucketDelayMs: dice.between(5, 2_000),
    bucketErrorRate: some(0.2),
    writerSkewMs: dice.pick([0, SECOND, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR]),
    nodeSkewMs: dice.pick([0, SECOND, 10 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR]),
    clockDrift: some(0.01),
    writerCrashRate: some(0.01),
    writerFreezeRate: some(0.04),
    workerCrashRate: some(0.01),
    workerFreezeRate: some(0.01),
    meanFaultMs: dice.between(5 * MINUTE, 40 * MINUTE),
    faults: drawFaults(dice),
    registerTimeoutMs: dice.between(SECOND, 10 * SECOND),
    deadLetterIntervalMs: dice.pick([5 * MINUTE, 30 * MINUTE, 3 * HOUR]),
    pollIntervalMs: dice.between(1 * MINUTE, 5 * MINUTE),
    workerJobs: dice.integer(1, 3),
    compaction: drawSettings(dice),
    orphans: {
      sweepIntervalMs: Math.round(dice.between(5 * MINUTE, 40 * MINUTE)),
      graceMs: Math.round(dice.between(45 * MINUTE, 2 * HOUR)),
      includesOld: dice.chance(0.6),
    },
  };
}

function drawFaults(dice: Dice): Record<FaultKind, number> {
  const weights = FAULT_KINDS.map((kind) => [kind, dice.chance(0.5) ? dice.between(0.2, 1) : 0] as const);
  return Object.fromEntries(weights) as Record<FaultKind, number>;
}

function drawSettings(dice: Dice): CompactionSettings {
  const level = (maxBlocks: number, maxAgeMs: number): CompactionSettings["levels"][number] => ({
    maxBlocks: dice.integer(2, maxBlocks),
    maxBytes: dice.pick([MIB, 100 * MIB]),
    maxAgeMs: dice.between(maxAgeMs / 5, maxAgeMs),
  });
  return {
    levels: [level(6, 20 * MINUTE), level(4, 40 * MINUTE), level(4, 2 * HOUR)].map((one) => ({
      ...one,
      maxAgeMs: Math.round(one.maxAgeMs),
    })),
    leaseMs: Math.round(dice.between(20 * SECOND, 5 * MINUTE)),
    maxFailures: dice.integer(1, 3),
    tombstoneDelayMs: 15 * MINUTE,
    deletionBatch: dice.pick([2, 10, 100]),
    rewriteDelayMs: dice.pick([0, MINUTE, 15 * MINUTE]),
    deletionKeepMs: dice.pick([HOUR, 8 * HOUR]),
    loneAgeMs: 0,
  };
}
