import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { planFlush, type ShardState } from "./plan-flush.ts";

const settings = { segmentDurationMs: 500, lingerMs: 10, maxSegmentBytes: 1000 };
const open: ShardState = {
  openedAtMs: 10_000,
  bufferedBytes: 1,
  lastClosedAtMs: undefined,
  isBuilding: false,
  isDraining: false,
};

describe("planFlush", () => {
  it.each([
    { name: "nothing is open", shard: { openedAtMs: undefined }, nowMs: 10_000, want: { type: "rest" } },
    {
      name: "the first push of a shard lingers",
      shard: {},
      nowMs: 10_000,
      want: { type: "awaitTime", atMs: 10_010 },
    },
    { name: "the linger is over", shard: {}, nowMs: 10_010, want: { type: "flush", reason: "linger" } },
    {
      name: "a quiet shard lingers",
      shard: { lastClosedAtMs: 9_400 },
      nowMs: 10_000,
      want: { type: "awaitTime", atMs: 10_010 },
    },
    {
      name: "a busy shard waits for its turn",
      shard: { lastClosedAtMs: 9_999 },
      nowMs: 10_100,
      want: { type: "awaitTime", atMs: 10_499 },
    },
    {
      name: "a busy shard's turn comes",
      shard: { lastClosedAtMs: 9_999 },
      nowMs: 10_499,
      want: { type: "flush", reason: "duration" },
    },
    {
      name: "a clock that slept closes late, but closes",
      shard: { lastClosedAtMs: 9_999 },
      nowMs: 99_999,
      want: { type: "flush", reason: "duration" },
    },
    {
      name: "a full segment does not wait for its turn",
      shard: { lastClosedAtMs: 9_999, bufferedBytes: 1000 },
      nowMs: 10_001,
      want: { type: "flush", reason: "full" },
    },
    {
      name: "one byte less than full waits",
      shard: { lastClosedAtMs: 9_999, bufferedBytes: 999 },
      nowMs: 10_001,
      want: { type: "awaitTime", atMs: 10_499 },
    },
    {
      name: "it grows while the one before is built",
      shard: { isBuilding: true },
      nowMs: 20_000,
      want: { type: "awaitBuild" },
    },
    {
      name: "being full does not wait for that either",
      shard: { isBuilding: true, bufferedBytes: 1001 },
      nowMs: 10_000,
      want: { type: "flush", reason: "full" },
    },
    {
      name: "shutting down waits for nothing",
      shard: { isBuilding: true, isDraining: true, lastClosedAtMs: 9_999 },
      nowMs: 10_000,
      want: { type: "flush", reason: "shutdown" },
    },
    {
      name: "shutting down with nothing open rests",
      shard: { isDraining: true, openedAtMs: undefined },
      nowMs: 10_000,
      want: { type: "rest" },
    },
  ])("$name", ({ shard, nowMs, want }) => {
    expect(planFlush({ ...open, ...shard }, nowMs, settings)).toEqual(want);
  });

  it("keeps no push longer than the segment duration, and flushes less than full segments no faster", () => {
    const ms = fc.nat(5_000);
    fc.assert(
      fc.property(ms, fc.option(ms, { nil: undefined }), ms, (openedAtMs, lastClosedAgoMs, waitedMs) => {
        const lastClosedAtMs = lastClosedAgoMs === undefined ? undefined : openedAtMs - lastClosedAgoMs;
        const nowMs = openedAtMs + waitedMs;
        const plan = planFlush({ ...open, openedAtMs, lastClosedAtMs }, nowMs, settings);
        const mayFlush = waitedMs >= 10 && nowMs - (lastClosedAtMs ?? -Infinity) >= 500;
        expect(plan.type).toBe(mayFlush || waitedMs >= 500 ? "flush" : "awaitTime");
        const wakesInTime = plan.type !== "awaitTime" || (plan.atMs > nowMs && plan.atMs <= openedAtMs + 500);
        expect(wakesInTime).toBe(true);
      }),
    );
  });
});
