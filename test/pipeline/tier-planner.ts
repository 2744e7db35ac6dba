import { encodePlanTiers } from "../../services/metastore/src/index-state/command-codec.ts";
import type { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { dueTierBatches } from "../../services/metastore/src/tiers/plan-tiers.ts";
import {
  BACKLOG_INTERVAL_MS,
  gatherRuleOf,
  tierCutoffsOf,
} from "../../services/metastore/src/tiers/plan-until.ts";
import type { TierPlan } from "../../services/metastore/src/tiers/tier-plan.ts";
import type { MetaNode } from "./node.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { wait, type Steps } from "./steps.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** The leader has old days summed, as `planTiers` does it. */
export class TierPlanner {
  readonly #world: World;
  readonly #log: ReplicatedLog;

  constructor(world: World, log: ReplicatedLog) {
    this.#world = world;
    this.#log = log;
  }

  *planUntilCrash(node: MetaNode): Steps<void> {
    const { queue, streams, swarm } = this.#world;
    const { planIntervalMs } = swarm.tiers;
    let pauseMs = planIntervalMs;
    for (;;) {
      yield* wait<void>((resume) => queue.after(pauseMs, resume));
      pauseMs = planIntervalMs;
      if (this.#log.leader !== node) continue;
      const plan = tierPlanOf(node.state, swarm);
      // Another leader may have planned what this one does not see yet.
      const isDone = !plan || isPlanned(node.state, plan);
      if (!isDone) pauseMs = Math.min(planIntervalMs, BACKLOG_INTERVAL_MS);
      if (!plan || (isDone && !streams.tiers.chance(0.2))) continue;
      yield* this.#log.propose(node, { type: "tiers" }, (envelope) =>
        encodePlanTiers(plan, { ...envelope, requestId: new Uint8Array() }),
      );
    }
  }
}

/** What is to be summed now; undefined while nothing is. */
export function tierPlanOf(state: MetastoreState, { tiers }: Swarm): TierPlan | undefined {
  const { settleMs, maxJobs, maxBlocks, maxBytes } = tiers;
  const times = { nowMs: state.lastStampMs, settleMs };
  const tierAgesOf = (tenant: string) => tiers.ages[tenant] ?? {};
  const cutoffs = tierCutoffsOf(state.index.tenants(), { ...times, tierAgesOf });
  const gather = tiers.gather && gatherRuleOf(times, tiers.gather);
  if (cutoffs.length === 0 && !gather) return undefined;
  return { cutoffs, maxJobs, maxBlocks, maxBytes, ...(gather && { gather }) };
}

/** Whether nothing of a plan is left to be put into jobs. */
export function isPlanned({ index, compaction }: MetastoreState, plan: TierPlan): boolean {
  const { jobs, notes } = compaction;
  const { batches, isComplete } = dueTierBatches({ index, jobs, notes }, plan);
  return isComplete && batches.length === 0;
}
