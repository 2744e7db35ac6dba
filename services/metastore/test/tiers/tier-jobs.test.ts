import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import type { BlockMeta } from "@hearth/block";
import {
  JobReportSchema,
  PlanTiersCommandSchema,
  PollJobsRequestSchema,
} from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { pollFromWire, settingsToWire } from "../../src/compaction/poll-codec.ts";
import type { CompactionJob } from "../../src/compaction/job-table.ts";
import {
  decodeCommand,
  encodePlanTiers,
  encodePollJobs,
  STATE_VERSION,
  TIERS_VERSION,
} from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { workOrderOf } from "../../src/job-broker.ts";
import { orderToWire } from "../../src/rpc/compaction-service.ts";
import { tierPlanFromWire, type TierPlan } from "../../src/tiers/tier-plan.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";
import { DeletingState } from "../support/deleting-state.ts";
import { mergedBlocks } from "../support/merged-blocks.ts";
import { slowDigest } from "../support/slow-digest.ts";

const DAY_MS = 24 * 3_600_000;
const DAY_END_MS = START_MS + DAY_MS;
const random = seededRandom(6);
let made = 0;

const ofLevel = (level: number, fields: Partial<BlockMeta> = {}): BlockMeta =>
  block(ulidAt(START_MS + made++, random), { level, tenant: "acme", ...fields });

/** What a worker makes of the sources of a job of a tier: one row. */
function summed(run: DeletingState, number: number): { outputs: BlockMeta[]; summedRows: number } {
  const job = jobOf(run, number);
  const sources = job.blocks.map((id) => run.state.index.get(id)!);
  const [merged] = mergedBlocks(sources, random);
  const [only] = merged!.datasets;
  const origin =
    job.deletionsUpTo > 0 ? { origin: { ...merged!.origin!, deletionsApplied: job.deletionsUpTo } } : {};
  const output = { ...merged!, ...origin, level: job.outputLevel, datasets: [{ ...only!, profileCount: 1 }] };
  return { outputs: [output], summedRows: only!.profileCount - 1 };
}

function jobOf({ state }: DeletingState, number: number): CompactionJob {
  const job = state.compaction.jobs.get(number);
  if (job?.type !== "compaction") throw new Error(`no job of compaction: ${number}`);
  return job;
}

function planned(...blocks: BlockMeta[]): DeletingState {
  const run = new DeletingState();
  run.register(...blocks);
  run.planTiers(DAY_END_MS);
  return run;
}

const live = ({ state }: DeletingState): [string, number][] =>
  Array.from(state.index.places(), ({ id, level }) => [id, level]);

describe("a job of a tier", () => {
  const sources = [ofLevel(3), ofLevel(3)];
  const ids = sources.map(({ id }) => id);

  it("waits for a worker that sums, and is told the level", () => {
    const run = planned(...sources);
    expect(run.poll().assigned).toEqual([]);
    const result = run.poll({ sumsRows: true });
    expect(result.assigned).toHaveLength(1);
    const { compactions } = orderToWire(workOrderOf(result, run.state, 1_000));
    expect(compactions.map(({ level, outputLevel }) => [level, outputLevel])).toEqual([[3, 5]]);
  });

  it("replaces its sources by a block of the tier, which is summed on only for a coarser one", () => {
    const run = planned(...sources);
    const [claim] = run.poll({ sumsRows: true }).assigned;
    const { outputs, summedRows } = summed(run, claim!.job);
    expect(run.finish(claim!, outputs, {}, summedRows).refusals).toEqual([]);
    expect(live(run)).toEqual([[outputs[0]!.id, 5]]);
    expect(run.planTiers(DAY_END_MS)).toEqual({ type: "tiers-planned", jobCount: 0, isComplete: true });
    expect(run.planTiers(DAY_END_MS, 6)).toEqual({ type: "tiers-planned", jobCount: 1, isComplete: true });
  });

  it("comes after merges and rewrites, which wait less long", () => {
    const run = planned(...sources);
    const [one, two] = [ofLevel(2), ofLevel(2)];
    run.register(one, two);
    run.nowMs = START_MS + DAY_MS;
    const [first] = run.poll({ sumsRows: true, jobCapacity: 1 }).assigned;
    expect(jobOf(run, first!.job)).toMatchObject({ level: 2, outputLevel: 0 });
  });

  it("is as it was after a restart, and part of the digest", () => {
    const run = planned(...sources);
    run.poll({ sumsRows: true });
    const { state } = run;
    run.restart();
    expect([...run.state.compaction.jobs.all()]).toEqual([...state.compaction.jobs.all()]);
    expect(run.state.digest()).toBe(state.digest());
    expect(run.state.digest()).toBe(slowDigest(state));
    const [job] = [...state.compaction.jobs.all()];
    state.compaction.jobs.set({ ...(job as CompactionJob), outputLevel: 6 });
    expect(state.digest()).not.toBe(run.state.digest());
  });

  it("is taken apart when it fails too often; its sources wait for the next plan, each by itself", () => {
    const run = planned(...sources);
    for (let n = 0; n < run.settings.maxFailures; n++) run.fail(run.poll({ sumsRows: true }).assigned[0]!);
    expect(run.state.compaction.jobs.count).toBe(0);
    expect(run.poll({ sumsRows: true }).assigned).toEqual([]);
    expect(run.planTiers(DAY_END_MS)).toMatchObject({ jobCount: 2 });
    for (let n = 0; n < run.settings.maxFailures; n++) {
      const claims = run.poll({ sumsRows: true }).assigned;
      run.fail(claims.find(({ job }) => jobOf(run, job).blocks[0] === ids[0])!);
    }
    expect(run.state.compaction.notes.isQuarantined(ids[0]!)).toBe(true);
    expect(run.planTiers(DAY_END_MS)).toMatchObject({ jobCount: 0 });
  });

  it("ends when one of its sources is too old", () => {
    const young = ofLevel(3, { datasets: [dataset({ maxTimeMs: START_MS + DAY_MS / 2 })] });
    const run = planned(ofLevel(3), young);
    expect(run.expire(START_MS + DAY_MS / 4)).toMatchObject({ blockCount: 1 });
    expect(run.state.compaction.jobs.count).toBe(0);
    expect(live(run)).toEqual([[young.id, 3]]);
  });

  it("is done again when a deletion came after it was given out: what is part of a sum cannot be deleted", () => {
    const run = planned(...sources);
    const [claim] = run.poll({ sumsRows: true }).assigned;
    const { outputs, summedRows } = summed(run, claim!.job);
    const number = run.delete({ matchers: [{ name: "pod", operator: "=", value: "a" }] });
    const { refusals } = run.finish(claim!, outputs, {}, summedRows);
    expect(refusals).toEqual([{ claim, reason: expect.stringMatching(/deleted meanwhile/u) }]);
    expect(live(run).map(([, level]) => level)).toEqual([3, 3]);
    const [again] = run.poll({ sumsRows: true }).assigned;
    expect(again!.job).toBe(claim!.job);
    expect(jobOf(run, again!.job)).toMatchObject({ deletionsUpTo: number, failures: 0 });
  });

  it("applies deletions, and a block of a tier with deleted rows is written anew at its level", () => {
    const pod = { matchers: [{ name: "pod", operator: "=" as const, value: "a" }] };
    const run = planned(...sources);
    const number = run.delete(pod);
    const [claim] = run.poll({ sumsRows: true }).assigned;
    expect(jobOf(run, claim!.job).deletionsUpTo).toBe(number);
    const { outputs, summedRows } = summed(run, claim!.job);
    expect(run.finish(claim!, outputs, { acme: 2 }, summedRows - 2).refusals).toEqual([]);
    run.delete(pod);
    run.nowMs += run.settings.rewriteDelayMs;
    const rewrite = run
      .poll({ sumsRows: true })
      .assigned.find(({ job }) => run.state.compaction.jobs.get(job)?.type === "compaction");
    expect(jobOf(run, rewrite!.job)).toMatchObject({ level: 5, isRewrite: true, outputLevel: 0 });
    const anew = {
      ...outputs[0]!,
      id: ulidAt(START_MS + made++, random),
      origin: {
        sources: [outputs[0]!.id],
        outputCount: 1,
        isRewrite: true as const,
        deletionsApplied: jobOf(run, rewrite!.job).deletionsUpTo,
      },
    };
    expect(run.finish(rewrite!, [anew]).refusals).toEqual([]);
    expect(live(run)).toEqual([[anew.id, 5]]);
  });
});

describe("a lone block", () => {
  it("comes to the highest level by itself, in jobs of its own, when it waited long enough", () => {
    const run = new DeletingState({ loneAgeMs: DAY_MS });
    run.register(ofLevel(1));
    run.nowMs = START_MS + DAY_MS - 1;
    expect(run.poll().assigned).toEqual([]);
    run.nowMs = START_MS + 2 * DAY_MS;
    for (const level of [1, 2]) {
      const claim = run
        .poll()
        .assigned.find(({ job }) => run.state.compaction.jobs.get(job)?.type === "compaction");
      expect(jobOf(run, claim!.job)).toMatchObject({ level, outputLevel: 0 });
      run.finish(
        claim!,
        mergedBlocks(
          jobOf(run, claim!.job).blocks.map((id) => run.state.index.get(id)!),
          random,
        ),
      );
    }
    expect(live(run).map(([, level]) => level)).toEqual([3]);
  });
});

describe("commands of a version without tiers", () => {
  const envelope = (version: number) => ({
    version,
    stampNanos: BigInt(START_MS + 3 * DAY_MS) * 1_000_000n,
    requestId: new Uint8Array(),
  });

  it("say nothing of lone blocks and sums, whoever polls", () => {
    const claim = { job: 1n, token: 2n };
    const reports = [
      create(JobReportSchema, { claim, outcome: { case: "compacted", value: { summedRows: 5n } } }),
    ];
    const request = create(PollJobsRequestSchema, { worker: "w", sumsRows: true, reports });
    const read = (version: number) => {
      const command = decodeCommand(encodePollJobs(request, defaultCompactionSettings, envelope(version)));
      if (command.type !== "poll-jobs") throw new Error(command.type);
      const { poll } = command;
      const [outcome] = poll.reports.map((report) => report.outcome);
      const summedRows = outcome?.type === "compacted" ? outcome.summedRows : undefined;
      return { sumsRows: poll.sumsRows, loneAgeMs: poll.settings.loneAgeMs, summedRows };
    };
    expect(read(TIERS_VERSION)).toEqual({ sumsRows: true, loneAgeMs: DAY_MS, summedRows: 5 });
    expect(read(TIERS_VERSION - 1)).toEqual({ sumsRows: false, loneAgeMs: 0, summedRows: 0 });
  });

  it("plan no tiers", () => {
    const plan = { cutoffs: [], maxJobs: 1, maxBlocks: 1, maxBytes: 1 };
    expect(() => encodePlanTiers(plan, envelope(TIERS_VERSION - 1))).toThrow(/nothing is summed/u);
  });

  it("take a poll of a leader that knew of no lone blocks", () => {
    const settings = settingsToWire({ ...defaultCompactionSettings, loneAgeMs: 0 });
    const request = create(PollJobsRequestSchema, { worker: "w" });
    expect(
      pollFromWire({ $typeName: "hearth.metastore.v1.PollJobsCommand", request, settings }),
    ).toMatchObject({
      settings: { loneAgeMs: 0 },
    });
  });
});

describe("a plan of tiers in the log", () => {
  const cutoff = { tenant: "acme", level: 5, beforeMs: DAY_END_MS };
  const plan: TierPlan = { cutoffs: [cutoff], maxJobs: 1, maxBlocks: 2, maxBytes: 3 };

  it("is read as it was written", () => {
    const command = decodeCommand(
      encodePlanTiers(plan, { version: STATE_VERSION, stampNanos: 0n, requestId: new Uint8Array() }),
    );
    expect(command).toMatchObject({ type: "plan-tiers", plan });
  });

  it.each<[string, Partial<TierPlan>, RegExp]>([
    ["a level that is no tier", { cutoffs: [{ ...cutoff, level: 3 }] }, /no such tier/u],
    ["a level above all", { cutoffs: [{ ...cutoff, level: 7 }] }, /no such tier/u],
    ["jobs of no blocks", { maxBlocks: 0 }, /out of range/u],
    ["a time beyond all", { cutoffs: [{ ...cutoff, beforeMs: 2 ** 60 }] }, /out of range/u],
  ])("changes nothing with %s", (_, fields, reason) => {
    const state = new MetastoreState();
    const stampNanos = 1n;
    const command = encodePlanTiers(
      { ...plan, ...fields },
      { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() },
    );
    expect(state.apply(command)).toEqual({ type: "rejected", reason: expect.stringMatching(reason) });
  });

  it("without cutoffs is one", () => {
    const wire = create(PlanTiersCommandSchema, { maxJobs: 1, maxBlocks: 1, maxBytes: 1n });
    expect(tierPlanFromWire(wire)).toMatchObject({ cutoffs: [] });
  });
});
