import { create } from "@bufbuild/protobuf";
import { tierOfLevel } from "@hearth/block";
import { PlanTiersCommandSchema, type PlanTiersCommand } from "@hearth/proto/hearth/metastore/v1";

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
}

/** As the log keeps it. */
export function tierPlanToWire({ cutoffs, maxJobs, maxBlocks, maxBytes }: TierPlan): PlanTiersCommand {
  return create(PlanTiersCommandSchema, {
    cutoffs: cutoffs.map(({ tenant, level, beforeMs }) => ({ tenant, level, beforeMs: BigInt(beforeMs) })),
    maxJobs,
    maxBlocks,
    maxBytes: BigInt(maxBytes),
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
  const isInRange =
    Number.isSafeInteger(maxBytes) &&
    maxBlocks > 0 &&
    cutoffs.every(({ beforeMs }) => Number.isSafeInteger(beforeMs));
  return isInRange ? { cutoffs, maxJobs, maxBlocks, maxBytes } : "a number of the plan is out of range";
}
