import { describe, expect, it } from "@jest/globals";

import {
  leaseEndMs,
  MIN_PAUSE_MS,
  nextPollMs,
  noPolls,
  stepAnswered,
  stepFailed,
  type PollHistory,
} from "./poll-timing.ts";

const timing = { beginMs: 700, intervalMs: 5000 };
const quiet = { hasNews: false, holdsLeases: false, jitter: 0 };
const answered = stepAnswered(noPolls, { sentMs: 1000, endedMs: 1200, leaseMs: 15_000 });

function failedTimes(count: number, isUnknown = false): PollHistory {
  return Array.from({ length: count }).reduce<PollHistory>(
    (history) => stepFailed(history, { endedMs: 2000, isUnknown }),
    answered,
  );
}

describe("the next poll", () => {
  it.each([
    { name: "comes at the beginning", history: noPolls, now: quiet, want: 700 },
    { name: "comes after the interval", history: answered, now: quiet, want: 6000 },
    {
      name: "comes soon when there is news",
      history: answered,
      now: { ...quiet, hasNews: true },
      want: 1300,
    },
    {
      name: "comes three times in a lease when leases are held",
      history: stepAnswered(noPolls, { sentMs: 1000, endedMs: 1200, leaseMs: 6000 }),
      now: { ...quiet, holdsLeases: true },
      want: 3000,
    },
    {
      name: "does not follow on the heels of one that took long",
      history: stepAnswered(noPolls, { sentMs: 1000, endedMs: 9000, leaseMs: 6000 }),
      now: { ...quiet, holdsLeases: true },
      want: 9000 + MIN_PAUSE_MS,
    },
    { name: "comes after a short pause when one failed", history: failedTimes(1), now: quiet, want: 2125 },
    { name: "comes after a longer pause when more failed", history: failedTimes(4), now: quiet, want: 3000 },
    {
      name: "comes after a pause that is random",
      history: failedTimes(1),
      now: { ...quiet, jitter: 1 },
      want: 2250,
    },
    {
      name: "comes after ten seconds at most",
      history: failedTimes(50),
      now: { ...quiet, jitter: 1 },
      want: 12_000,
    },
    {
      name: "comes in time for the leases when many failed",
      history: failedTimes(50),
      now: { ...quiet, holdsLeases: true, jitter: 1 },
      want: 7000,
    },
    {
      name: "comes much later when the metastore does not know what it is asked",
      history: failedTimes(1, true),
      now: { ...quiet, hasNews: true },
      want: 32_000,
    },
  ])("$name", ({ history, now, want }) => {
    expect(nextPollMs(history, timing, now)).toBe(want);
  });
});

describe("leases", () => {
  it("last from the sending of the last poll that was answered", () => {
    expect(leaseEndMs(noPolls)).toBe(Infinity);
    expect(leaseEndMs(failedTimes(3))).toBe(16_000);
  });
});
