import { tierOfLevel, type BlockMeta } from "@hearth/block";
import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";
import { ulidTimeMs } from "@hearth/runtime";

import { MAX_LEVEL } from "../../services/metastore/src/compaction/compaction-settings.ts";
import type { CompactionJob, Job } from "../../services/metastore/src/compaction/job-table.ts";
import type { PollResult } from "../../services/metastore/src/compaction/poll.ts";
import type { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import type { Ledger } from "./ledger.ts";
import { timeOfRow } from "./rows.ts";
import type { Sight } from "./seen.ts";
import type { World } from "./world.ts";

const DAY_MS = 24 * 3_600_000;

const REGISTERED: ReadonlyMap<string, Sight> = new Map([
  ["day", "block of day registered"],
  ["5m", "block of 5m registered"],
  ["1h", "block of 1h registered"],
]);

/** P11 of jobs, and of lone blocks: what may be summed, when, by whom. */
export class TierJudge {
  readonly #world: World;
  readonly #ledger: Ledger;

  constructor(world: World, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
  }

  /** Of a plan. @returns looks at what came of it, and then does `look`. */
  planning(state: MetastoreState, look: () => void): () => void {
    const { compaction } = state;
    const before = new Set(Array.from(compaction.jobs.all(), ({ number }) => number));
    return () => {
      const made = Array.from(compaction.jobs.all()).filter(({ number }) => !before.has(number));
      if (made.length > 0) this.#world.seen.note("days put into jobs");
      for (const job of made) {
        if (job.type !== "compaction" || job.outputLevel === 0)
          throw new Violation("P11", `a plan of tiers made the job ${JSON.stringify(job)}`);
        for (const id of job.blocks) this.#judgeDue(job, id, state.lastStampMs);
      }
      look();
    };
  }

  /** Its day ended long enough ago, and it is not of that resolution already. */
  #judgeDue({ tenant, outputLevel }: CompactionJob, id: string, nowMs: number): void {
    const { ages, gather, settleMs } = this.#world.swarm.tiers;
    const life = this.#ledger.live.get(id);
    const tier = tierOfLevel(outputLevel);
    const isGathered = tier?.resolutionMs === 0;
    const ageMs = isGathered ? 0 : (ages[tenant]?.[tier?.name ?? ""] ?? 0);
    if (!life || !tier || (isGathered ? !gather : ageMs === 0))
      throw new Violation("P11", `${id} is not to be of level ${outputLevel}`);
    const { level } = life.object.meta;
    if (level < MAX_LEVEL || level >= outputLevel)
      throw new Violation("P11", `${id} of level ${level} is to be summed to ${outputLevel}`);
    const newestMs = Math.max(...(life.object.rows.get(tenant) ?? []).map(timeOfRow));
    const dayEndMs = newestMs - (newestMs % DAY_MS) + DAY_MS;
    if (dayEndMs + ageMs + settleMs > nowMs)
      throw new Violation("P11", `${id} is to be summed ${dayEndMs + ageMs + settleMs - nowMs} ms too early`);
  }

  /** What a worker got: sums only if it sums, and a block alone only if that waited for long. */
  judgePoll(
    before: ReadonlyMap<number, Job>,
    { worker, sumsRows }: Pick<PollJobsRequest, "worker" | "sumsRows">,
    { state, result }: { state: MetastoreState; result: PollResult },
  ): void {
    const { seen } = this.#world;
    for (const { reason } of result.refusals)
      if (reason.startsWith("rows were deleted meanwhile"))
        seen.note("sums refused since rows were deleted meanwhile");
    for (const { job: number } of result.assigned) {
      const job = state.compaction.jobs.get(number);
      if (job?.type !== "compaction") continue;
      if (job.outputLevel > 0 && !sumsRows)
        throw new Violation("P11", `${worker} does not sum, and got the job ${number}`);
      if (!before.has(number)) this.#judgeLone(job, state);
    }
  }

  #judgeLone(
    { blocks, level, isRewrite, outputLevel }: CompactionJob,
    { compaction, deletions, lastStampMs }: MetastoreState,
  ): void {
    const [id, second] = blocks;
    if (id === undefined || second !== undefined || isRewrite || outputLevel > 0) return;
    // Beside lone blocks: what failed before, what comes before that, and what is written anew.
    if (compaction.notes.all().some(([, { type }]) => type === "solo") || deletions.touched.has(id)) return;
    const { loneAgeMs } = this.#world.swarm.compaction;
    const ageMs = lastStampMs - ulidTimeMs(id);
    if (loneAgeMs === 0 || ageMs < loneAgeMs)
      throw new Violation("P11", `${id} of level ${level} is alone in a job after ${ageMs} ms`);
    this.#world.seen.note("lone block merged");
  }

  /** Of a block that came into the index. @param levelOf - of one that left it. */
  noteAdded({ level, origin }: BlockMeta, levelOf: (id: string) => number | undefined): void {
    const { seen } = this.#world;
    const tier = tierOfLevel(level);
    if (!tier) return;
    if (origin?.isRewrite) {
      seen.note("block of a tier written anew");
      return;
    }
    seen.note(REGISTERED.get(tier.name)!);
    const [source = ""] = origin?.sources ?? [];
    const made = tierOfLevel(levelOf(source) ?? 0);
    if (made?.name === "5m") seen.note("block of 1h made of blocks of 5m");
    if (made?.name === "day") seen.note("sum made of gathered blocks");
  }
}
