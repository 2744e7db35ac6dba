import { create } from "@bufbuild/protobuf";
import { tierOfLevel } from "@hearth/block";
import {
  PlanTiersCommandSchema,
  type GatherDays,
  type PlanTiersCommand,
} from "@hearth/proto/hearth/metastore/v1";

/** Days of a tenant's data that are to be summed for a tier: those that ended at a time, or before. */
export interface TierCutoff {
  readonly tenant: string;
  /** Of the tier's blocks. */
  readonly level: number;
  /** Unix milliseconds. */
  readonly beforeMs: number;
}

/** What is to be summed, and in what portions; every node plans by the same. */
export interface TierPlan {
  readonly cutoffs: readonly TierCutoff[];
  /** No job is made while there are so many. */
  readonly maxJobs: number;
  /** Of one job. */
  readonly maxBlocks: number;
  /** Of all sources of a job, stored bytes; a block that alone is larger has a job of its own. */
  readonly maxBytes: number;
  /** Absent: nothing is gathered. */
  readonly gather?: GatherRule;
}

/** Which blocks of a day, of any tenant, become few without being summed. */
export interface GatherRule {
  /** Days that ended after the one, and at the other or before. Unix milliseconds. */
  readonly sinceMs: number;
  readonly beforeMs: number;
  /** Of one service in the sources of a job, stored bytes: whoever asks for a part of the day reads all of it. */
  readonly maxDatasetBytes: number;
  /** A larger block stays as it is. */
  readonly maxBlockBytes: number;
  /** A job has no fewer sources. */
  readonly minBlocks: number;
}

/** As the log keeps it. */
export function tierPlanToWire({
  cutoffs,
  maxJobs,
  maxBlocks,
  maxBytes,
  gather,
}: TierPlan): PlanTiersCommand {
  return create(PlanTiersCommandSchema, {
    cutoffs: cutoffs.map(({ tenant, level, beforeMs }) => ({ tenant, level, beforeMs: BigInt(beforeMs) })),
    maxJobs,
    maxBlocks,
    maxBytes: BigInt(maxBytes),
    ...(gather && {
      gather: {
        sinceMs: BigInt(gather.sinceMs),
        beforeMs: BigInt(gather.beforeMs),
        maxDatasetBytes: BigInt(gather.maxDatasetBytes),
        maxBlockBytes: BigInt(gather.maxBlockBytes),
        minBlocks: gather.minBlocks,
      },
    }),
  });
}

/** Reads a plan from the log, where anything may be. @returns why it is none, in words. */
export function tierPlanFromWire(wire: PlanTiersCommand): TierPlan | string {
  const { maxJobs, maxBlocks } = wire;
  const maxBytes = Number(wire.maxBytes);
  const cutoffs = wire.cutoffs.map(({ tenant, level, beforeMs }) => ({
    tenant,
    level,
    beforeMs: Number(beforeMs),
  }));
  if (cutoffs.some(({ level }) => !tierOfLevel(level))) return "there is no such tier";
  const gather = wire.gather && gatherRuleFromWire(wire.gather);
  const isInRange =
    Number.isSafeInteger(maxBytes) &&
    maxBlocks > 0 &&
    cutoffs.every(({ beforeMs }) => Number.isSafeInteger(beforeMs)) &&
    (!gather || Object.values(gather).every((value) => Number.isSafeInteger(value)));
  if (!isInRange) return "a number of the plan is out of range";
  return { cutoffs, maxJobs, maxBlocks, maxBytes, ...(gather && { gather }) };
}

function gatherRuleFromWire(wire: GatherDays): GatherRule {
  return {
    sinceMs: Number(wire.sinceMs),
    beforeMs: Number(wire.beforeMs),
    maxDatasetBytes: Number(wire.maxDatasetBytes),
    maxBlockBytes: Number(wire.maxBlockBytes),
    minBlocks: wire.minBlocks,
  };
}
