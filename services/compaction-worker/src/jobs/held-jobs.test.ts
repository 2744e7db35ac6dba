import { describe, expect, it } from "@jest/globals";

import { blockMeta, compaction, deletion, failed } from "../../test/support/jobs.ts";
import {
  applyAnswer,
  applyClosing,
  applyEnd,
  applyLostLeases,
  applyReturn,
  hasReports,
  isRunning,
  noJobs,
  planPoll,
  type Change,
  type HeldJobs,
  type PollAnswer,
} from "./held-jobs.ts";
import type { Job } from "./job.ts";

const limits = { maxJobs: 3, maxSourceBytes: 1000 };
const first = { job: 1, token: 5 };
const again = { job: 1, token: 6 };
const done = failed("it did not work");

/** Polls, and is answered. */
function exchange(held: HeldJobs, answer: Partial<PollAnswer>): Change {
  const whole = { jobs: [], unreadable: [], revoked: [], refusals: [], leaseMs: 15_000, ...answer };
  return applyAnswer(held, planPoll(held, false), whole);
}

function holding(...jobs: Job[]): HeldJobs {
  return exchange(noJobs(limits), { jobs }).held;
}

describe("a poll", () => {
  it("asks for as much as there is room for", () => {
    expect(planPoll(noJobs(limits), false)).toEqual({
      jobCapacity: 3,
      byteCapacity: 1000,
      held: [],
      reports: [],
    });
    const sources = [blockMeta({ id: "A", sizeBytes: 300 }), blockMeta({ id: "B", sizeBytes: 100 })];
    const held = holding(compaction(first, { sources }), deletion({ job: 2, token: 1 }));
    expect(planPoll(held, false)).toMatchObject({ jobCapacity: 1, byteCapacity: 600 });
  });

  it.each([
    { name: "while the worker rests", held: noJobs(limits), isResting: true },
    { name: "when it is closing", held: applyClosing(noJobs(limits)), isResting: false },
  ])("asks for nothing $name", ({ held, isResting }) => {
    expect(planPoll(held, isResting)).toMatchObject({ jobCapacity: 0, byteCapacity: 0 });
  });

  it("names what runs, and tells what ended", () => {
    const other = { job: 2, token: 9 };
    const held = applyEnd(holding(compaction(first), compaction(other)), { claim: other, outcome: done }, 10);
    const poll = planPoll(held, false);
    expect(poll.held).toEqual([first]);
    expect(poll.reports).toEqual([{ claim: other, outcome: done }]);
  });

  it("holds back reports that are too much for one, and names their jobs meanwhile", () => {
    const claims = [1, 2, 3].map((job) => ({ job, token: 1 }));
    const held = claims.reduce(
      (held, claim) => applyEnd(held, { claim, outcome: done }, 600_000),
      holding(...claims.map((claim) => compaction(claim))),
    );
    const poll = planPoll(held, false);
    expect([poll.reports.map(({ claim }) => claim.job), poll.held.map(({ job }) => job)]).toEqual([
      [1],
      [2, 3],
    ]);
    const { held: after } = exchange(held, {});
    expect(planPoll(after, false).reports.map(({ claim }) => claim.job)).toEqual([2]);
  });

  it("tells one report, however large", () => {
    const held = applyEnd(holding(compaction(first)), { claim: first, outcome: done }, 1 << 24);
    expect(planPoll(held, false).reports).toHaveLength(1);
  });
});

describe("a job that is offered", () => {
  it("is started", () => {
    const job = compaction(first);
    expect(exchange(noJobs(limits), { jobs: [job] }).start).toEqual([job]);
  });

  it("is nothing new when it runs already", () => {
    const held = holding(compaction(first));
    const change = exchange(held, { jobs: [compaction(first)] });
    expect(change).toEqual({ held, start: [], stop: [], settled: [] });
  });

  it("is left when an older assignment of it has not ended yet, and taken later", () => {
    const change = exchange(holding(compaction(first)), { revoked: [first], jobs: [compaction(again)] });
    expect([change.start, change.stop]).toEqual([[], [first]]);
    expect(planPoll(change.held, false)).toMatchObject({ held: [], jobCapacity: 2 });
    const ended = applyEnd(change.held, { claim: first, outcome: done }, 0);
    expect(hasReports(ended)).toBe(false);
    expect(exchange(ended, { jobs: [compaction(again)] }).start).toEqual([compaction(again)]);
  });

  it("takes the older assignment's place, of which nothing is told any more", () => {
    const ended = applyEnd(holding(compaction(first)), { claim: first, outcome: done }, 1);
    const unpolled = { ...planPoll(ended, false), reports: [] };
    const answer = { jobs: [compaction(again)], unreadable: [], revoked: [], refusals: [], leaseMs: 1 };
    const change = applyAnswer(ended, unpolled, answer);
    expect(change.start).toEqual([compaction(again)]);
    expect(change.settled).toEqual([{ claim: first, outcome: done, refusal: "claim is revoked" }]);
  });

  it("is ignored with a token that is older than the one held", () => {
    expect(exchange(holding(compaction(again)), { jobs: [compaction(first)] }).start).toEqual([]);
  });

  it.each([
    { name: "there is no room for it", held: holding(compaction(first)), why: "no room" },
    { name: "the worker is closing", held: applyClosing(holding(compaction(first))), why: "closing" },
  ])("is given back when $name", ({ held, why }) => {
    const claim = { job: 7, token: 1 };
    const sources = [blockMeta({ id: "A", sizeBytes: 901 })];
    const change = exchange(held, { jobs: [compaction(claim, { sources })] });
    expect(change.start).toEqual([]);
    expect(planPoll(change.held, false).reports).toEqual([{ claim, outcome: { type: "returned", why } }]);
  });

  it("fails when it cannot be read", () => {
    const { held } = exchange(noJobs(limits), { unreadable: [{ claim: first, reason: "bad metadata" }] });
    expect(planPoll(held, false).reports).toEqual([{ claim: first, outcome: failed("bad metadata") }]);
  });

  it("may be larger than the limit when it runs alone", () => {
    const sources = [blockMeta({ id: "A", sizeBytes: 5000 })];
    expect(exchange(noJobs(limits), { jobs: [compaction(first, { sources })] }).start).toHaveLength(1);
  });
});

describe("a report", () => {
  const ended = applyEnd(holding(compaction(first)), { claim: first, outcome: done }, 1);

  it("is done with when an answer came", () => {
    const change = exchange(ended, {});
    expect(change.held.jobs.size).toBe(0);
    expect(change.settled).toEqual([{ claim: first, outcome: done, refusal: undefined }]);
  });

  it("is done with when it is refused, and says why", () => {
    const change = exchange(ended, { refusals: [{ claim: first, reason: "too late" }] });
    expect(change.settled).toEqual([{ claim: first, outcome: done, refusal: "too late" }]);
  });

  it("stays when the answer is to a poll from before", () => {
    const poll = planPoll(holding(compaction(first)), false);
    const answer = { jobs: [], unreadable: [], revoked: [], refusals: [], leaseMs: 1 };
    expect(applyAnswer(ended, poll, answer).held).toEqual(ended);
  });

  it("outlives the lease of its job", () => {
    expect(planPoll(applyLostLeases(ended).held, false).reports).toHaveLength(1);
  });
});

describe("a running job", () => {
  it("is stopped and forgotten when leases are lost", () => {
    const change = applyLostLeases(holding(compaction(first)));
    expect(change.stop).toEqual([first]);
    expect(planPoll(change.held, false)).toMatchObject({ held: [], jobCapacity: 2 });
    const ended = applyEnd(change.held, { claim: first, outcome: done }, 1);
    expect([hasReports(ended), isRunning(ended)]).toEqual([false, false]);
  });

  it("is stopped and given back when the worker cannot wait any longer", () => {
    const change = applyReturn(applyClosing(holding(compaction(first))));
    expect(change.stop).toEqual([first]);
    expect(planPoll(change.held, false).held).toEqual([first]);
    const outcome = { type: "returned", why: "closing" } as const;
    const ended = applyEnd(change.held, { claim: first, outcome }, 1);
    expect(planPoll(ended, false).reports).toEqual([{ claim: first, outcome }]);
  });
});
