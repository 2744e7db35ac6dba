/** Any mixture of losses between a worker and a metastore that keeps to its contract. */
import { describe, expect, it } from "@jest/globals";
import { invariant } from "@hearth/errors";
import fc from "fast-check";

import { blockMeta, compaction, failed } from "../../test/support/jobs.ts";
import {
  applyAnswer,
  applyEnd,
  applyLostLeases,
  noJobs,
  planPoll,
  type Change,
  type HeldJobs,
  type Poll,
  type PollAnswer,
} from "./held-jobs.ts";
import { isSameClaim, type Job, type JobClaim } from "./job.ts";

const limits = { maxJobs: 3, maxSourceBytes: 10 };

type Step =
  | { readonly type: "new job"; readonly sizeBytes: number }
  | { readonly type: "poll"; readonly fate: "answered" | "request lost" | "answer lost" }
  | { readonly type: "end"; readonly pick: number; readonly sizeBytes: number }
  | { readonly type: "expire"; readonly pick: number; readonly isTaken: boolean }
  | { readonly type: "release" }
  | { readonly type: "lose leases" };

const size = fc.integer({ min: 1, max: 12 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("new job" as const), sizeBytes: size }),
  fc.record({
    type: fc.constant("poll" as const),
    fate: fc.constantFrom("answered", "answered", "answered", "request lost", "answer lost"),
  }),
  fc.record({
    type: fc.constant("end" as const),
    pick: fc.nat(10),
    sizeBytes: fc.constantFrom(1, 600_000),
  }),
  fc.record({ type: fc.constant("expire" as const), pick: fc.nat(10), isTaken: fc.boolean() }),
  fc.record({ type: fc.constant("release" as const) }),
  fc.record({ type: fc.constant("lose leases" as const) }),
);

interface StoredJob {
  readonly job: number;
  readonly sizeBytes: number;
  token: number;
  holder: "worker" | "other" | "nobody" | "done";
}

/** The metastore's side, in its plainest form. */
class ModelMetastore {
  readonly jobs: StoredJob[] = [];
  /** Of the runs whose reports were taken. */
  readonly taken: string[] = [];

  addJob(sizeBytes: number): void {
    this.jobs.push({ job: this.jobs.length + 1, sizeBytes, token: 0, holder: "nobody" });
  }

  heldByWorker(): StoredJob[] {
    return this.jobs.filter(({ holder }) => holder === "worker");
  }

  poll({ held, reports, jobCapacity, byteCapacity }: Poll): PollAnswer {
    const isCurrent = (claim: JobClaim): boolean =>
      this.heldByWorker().some(({ job, token }) => job === claim.job && token === claim.token);
    const refusals = reports.flatMap(({ claim, outcome }) => {
      if (!isCurrent(claim)) return [{ claim, reason: "no such claim" }];
      const isDone = outcome.type === "failed";
      this.jobs[claim.job - 1]!.holder = isDone ? "done" : "nobody";
      if (isDone) this.taken.push(outcome.reason);
      return [];
    });
    const revoked = held.filter((claim) => !isCurrent(claim));
    const named = new Set(held.map(({ job }) => job));
    const offered = this.heldByWorker().filter(({ job }) => !named.has(job));
    return {
      jobs: [...offered, ...this.assign(jobCapacity, byteCapacity)].map(toJob),
      unreadable: [],
      revoked,
      refusals,
      leaseMs: 1,
    };
  }

  private assign(jobCapacity: number, byteCapacity: number): StoredJob[] {
    const assigned: StoredJob[] = [];
    let bytes = byteCapacity;
    for (const job of this.jobs.filter(({ holder }) => holder === "nobody")) {
      const isAlone = this.heldByWorker().length === 0;
      if (assigned.length >= jobCapacity || (job.sizeBytes > bytes && !isAlone)) continue;
      job.holder = "worker";
      job.token++;
      bytes -= job.sizeBytes;
      assigned.push(job);
    }
    return assigned;
  }
}

function toJob({ job, token, sizeBytes }: StoredJob): Job {
  return compaction({ job, token }, { sources: [blockMeta({ id: `B${job}`, sizeBytes })] });
}

/** The worker's side, and what must hold. */
class CheckedWorker {
  held: HeldJobs = noJobs(limits);
  /** Runs now, by number of the job. */
  readonly runs = new Map<number, { claim: JobClaim; name: string; sizeBytes: number; isStopped: boolean }>();
  /** Ended, were not stopped, and are to be told. */
  readonly untold = new Map<string, JobClaim>();
  #runCount = 0;

  plan(): Poll {
    const poll = planPoll(this.held, false);
    const told = poll.reports.flatMap(({ outcome }) => (outcome.type === "failed" ? [outcome.reason] : []));
    const heldBack = [...this.untold].filter(([name]) => !told.includes(name)).map(([, claim]) => claim);
    const isNamed = (claim: JobClaim): boolean => poll.held.some((held) => isSameClaim(held, claim));
    invariant(
      told.every((name) => this.untold.has(name)),
      "only what ended unstopped is told",
    );
    invariant(heldBack.every(isNamed), "what is told later is named meanwhile");
    invariant(this.untold.size === 0 || told.length > 0, "something is told");
    return poll;
  }

  answer(poll: Poll, answer: PollAnswer): void {
    const change = applyAnswer(this.held, poll, answer);
    for (const { outcome } of change.settled) {
      invariant(outcome.type !== "failed" || this.untold.delete(outcome.reason), "a report is settled once");
    }
    this.#follow(change);
  }

  loseLeases(): void {
    this.#follow(applyLostLeases(this.held));
  }

  end(pick: number, sizeBytes: number): void {
    const run = [...this.runs.values()][pick % Math.max(1, this.runs.size)];
    if (run === undefined) return;
    this.runs.delete(run.claim.job);
    if (!run.isStopped) this.untold.set(run.name, run.claim);
    this.held = applyEnd(this.held, { claim: run.claim, outcome: failed(run.name) }, sizeBytes);
  }

  #follow({ held, start, stop }: Change): void {
    this.held = held;
    for (const { job } of stop) this.runs.get(job)!.isStopped = true;
    for (const job of start) {
      invariant(!this.runs.has(job.claim.job), "a job runs once at a time");
      const sizeBytes = job.type === "compaction" ? job.sources[0]!.sizeBytes : 0;
      const name = `run ${++this.#runCount}`;
      this.runs.set(job.claim.job, { claim: job.claim, name, sizeBytes, isStopped: false });
    }
    const bytes = [...this.runs.values()].reduce((sum, run) => sum + run.sizeBytes, 0);
    invariant(this.runs.size <= limits.maxJobs, "no more jobs run than may");
    invariant(bytes <= limits.maxSourceBytes || this.runs.size === 1, "a job that is too large runs alone");
  }
}

function take(step: Step, metastore: ModelMetastore, worker: CheckedWorker): void {
  switch (step.type) {
    case "new job":
      return metastore.addJob(step.sizeBytes);
    case "poll": {
      const poll = worker.plan();
      if (step.fate === "request lost") return undefined;
      const answer = metastore.poll(poll);
      return step.fate === "answered" ? worker.answer(poll, answer) : undefined;
    }
    case "end":
      return worker.end(step.pick, step.sizeBytes);
    case "expire": {
      const mine = metastore.heldByWorker();
      const job = mine[step.pick % Math.max(1, mine.length)];
      if (job !== undefined) Object.assign(job, step.isTaken ? taken(job) : { holder: "nobody" });
      return undefined;
    }
    case "release":
      for (const job of metastore.jobs) if (job.holder === "other") job.holder = "nobody";
      return undefined;
    default:
      return worker.loseLeases();
  }
}

function taken({ token }: StoredJob): Partial<StoredJob> {
  return { holder: "other", token: token + 1 };
}

describe("a worker and a metastore", () => {
  it("lose no job and do none twice at once, whatever is lost between them", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const metastore = new ModelMetastore();
        const worker = new CheckedWorker();
        for (const each of steps) take(each, metastore, worker);
        // Once nothing is lost any more, everything is done: in as many rounds as there are jobs and old runs.
        take({ type: "release" }, metastore, worker);
        for (let round = 0; round < 2 * metastore.jobs.length + 5; round++) {
          take({ type: "poll", fate: "answered" }, metastore, worker);
          while (worker.runs.size > 0) worker.end(0, 1);
        }
        expect(metastore.jobs.filter(({ holder }) => holder !== "done")).toEqual([]);
        expect([worker.held.jobs.size, worker.untold.size]).toEqual([0, 0]);
        expect(new Set(metastore.taken).size).toBe(metastore.jobs.length);
      }),
      { numRuns: 500 },
    );
  });
});
