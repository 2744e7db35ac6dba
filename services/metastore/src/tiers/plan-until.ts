import { TIERS } from "@hearth/block";
import { invariant } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import type { CommandProposer } from "../command-proposer.ts";
import { encodePlanTiers, TIERS_VERSION } from "../index-state/command-codec.ts";
import type { MetastoreState } from "../index-state/metastore-state.ts";
import { DAY_MS, dueTierBatches, type TiersPlanned } from "./plan-tiers.ts";
import type { GatherRule, TierCutoff } from "./tier-plan.ts";

/** How old the data of a tenant must be to be summed, in milliseconds, by the name of the tier; 0 or none: it never is. May change. */
export type TierAges = (tenant: string) => Readonly<Record<string, number>>;

export interface TierDeps {
  readonly proposer: Pick<CommandProposer, "commandVersion" | "propose">;
  /** As far as it is applied here. */
  readonly state: () => MetastoreState;
  readonly tierAgesOf: TierAges;
  /** See {@link GatherRule.maxDatasetBytes}; 0: nothing is gathered. */
  readonly gatherDatasetBytes: number;
}

export interface TierLoopDeps extends TierDeps {
  readonly isLeader: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A day is left alone for so long beyond its age, so that what comes late is there, and merged. */
export const TIER_SETTLE_MS = 3 * 60 * 60 * 1_000;
/** What of tiers there is at once: what waits holds no room, but makes the state larger. */
const PLAN_LIMITS = { maxJobs: 100, maxBlocks: 200, maxBytes: 128 * 1024 * 1024 };
/** Small blocks are gathered when their day is over, not later: else large ones of all time would be looked at again and again. */
const GATHER_WITHIN_MS = 2 * DAY_MS;
const GATHER_LIMITS = { maxBlockBytes: 16 * 1024 * 1024, minBlocks: 4 };
/** While more is due than jobs may wait, it is looked for so often. */
export const BACKLOG_INTERVAL_MS = 60_000;

const NOTHING: TiersPlanned = { jobCount: 0, isComplete: true };

/** What is due of each tenant. Those whose data stays as it came are not named. */
export function tierCutoffsOf(
  tenants: readonly string[],
  { nowMs, settleMs, tierAgesOf }: { nowMs: number; settleMs: number; tierAgesOf: TierAges },
): TierCutoff[] {
  return tenants.flatMap((tenant) => {
    const ages = tierAgesOf(tenant);
    return TIERS.flatMap((tier) => {
      const afterMs = ages[tier.name] ?? 0;
      const beforeMs = Math.floor(nowMs - afterMs - settleMs);
      return afterMs > 0 && beforeMs > 0 ? [{ tenant, level: tier.level, beforeMs }] : [];
    });
  });
}

/** What of the last days is gathered at a time of the log; undefined when nothing is. @param limits - with 0 bytes of a dataset: nothing. */
export function gatherRuleOf(
  { nowMs, settleMs }: { nowMs: number; settleMs: number },
  limits: Omit<GatherRule, "sinceMs" | "beforeMs">,
): GatherRule | undefined {
  const beforeMs = Math.floor(nowMs - settleMs);
  const sinceMs = beforeMs - GATHER_WITHIN_MS;
  return limits.maxDatasetBytes > 0 && sinceMs > 0 ? { sinceMs, beforeMs, ...limits } : undefined;
}

/**
 * Has jobs made of what is due now, if anything is. To be called at the leader.
 *
 * @throws {UnavailableError} when it is not known whether they were: the next call finds what is left.
 */
export async function planTiers(deps: TierDeps, signal: AbortSignal): Promise<TiersPlanned> {
  const { proposer, state, tierAgesOf, gatherDatasetBytes } = deps;
  if (proposer.commandVersion < TIERS_VERSION) return NOTHING;
  const { index, compaction, lastStampMs: nowMs } = state();
  const times = { nowMs, settleMs: TIER_SETTLE_MS };
  const cutoffs = tierCutoffsOf(index.tenants(), { ...times, tierAgesOf });
  const gather = gatherRuleOf(times, { maxDatasetBytes: gatherDatasetBytes, ...GATHER_LIMITS });
  if (cutoffs.length === 0 && !gather) return NOTHING;
  const plan = { cutoffs, ...PLAN_LIMITS, ...(gather && { gather }) };
  const { batches, isComplete } = dueTierBatches(
    { index, jobs: compaction.jobs, notes: compaction.notes },
    plan,
  );
  if (batches.length === 0) return { jobCount: 0, isComplete };
  const result = await proposer.propose(
    (envelope) => encodePlanTiers(plan, { ...envelope, requestId: new Uint8Array() }),
    signal,
  );
  invariant(result.type === "tiers-planned", `planning tiers came to ${result.type}`);
  const { jobCount } = result;
  return { jobCount, isComplete: result.isComplete };
}

/** Plans again and again, while this node leads; the first time after one interval. */
export async function planTiersUntil(
  deps: TierLoopDeps,
  intervalMs: number,
  stop: AbortSignal,
): Promise<void> {
  const { clock, isLeader, logger } = deps;
  let isComplete = true;
  for (;;) {
    await clock.sleep(isComplete ? intervalMs : Math.min(intervalMs, BACKLOG_INTERVAL_MS), stop);
    isComplete = true;
    if (!isLeader()) continue;
    try {
      const planned = await planTiers(deps, stop);
      ({ isComplete } = planned);
      if (planned.jobCount > 0) logger.info("blocks of days that are over go together", { ...planned });
    } catch (error) {
      if (stop.aborted) return;
      logger.warn("planning what to sum failed; trying again", { error });
    }
  }
}
