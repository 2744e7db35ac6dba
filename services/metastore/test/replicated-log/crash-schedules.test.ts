import { describe, expect, it } from "@jest/globals";
import { noSchedules, runCrashSchedule } from "../support/crash-schedules.ts";

const SEEDS = 150;

describe("a node through random crashes, torn writes and failing disks", () => {
  it("always starts again, and loses nothing that it acknowledged", async () => {
    const outcome = noSchedules();
    for (let seed = 0; seed < SEEDS; seed++) await runCrashSchedule(seed, outcome);
    // Schedules that never reach the hard cases prove nothing.
    expect(outcome.acknowledged).toBeGreaterThan(SEEDS * 20);
    expect(outcome.snapshots).toBeGreaterThan(SEEDS);
    expect(outcome.unacknowledgedKept).toBeGreaterThan(SEEDS / 10);
    expect(outcome.unacknowledgedLost).toBeGreaterThan(SEEDS / 10);
    expect(outcome.crashesDuringStart).toBeGreaterThan(SEEDS);
    expect(outcome.failedWrites).toBeGreaterThan(SEEDS / 10);
  });
});
