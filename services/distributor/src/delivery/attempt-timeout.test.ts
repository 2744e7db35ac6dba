import { describe, expect, it } from "@jest/globals";
import { attemptTimeoutMs } from "./attempt-timeout.ts";

describe("attemptTimeoutMs", () => {
  it.each([
    {
      name: "half of what is left while another could be asked",
      remainingMs: 10_000,
      writersLeft: 6,
      want: 5_000,
    },
    { name: "the same whether one or many could be", remainingMs: 10_000, writersLeft: 2, want: 5_000 },
    { name: "all for the last one", remainingMs: 10_000, writersLeft: 1, want: 10_000 },
    { name: "at least a second", remainingMs: 2_000, writersLeft: 3, want: 1_000 },
    { name: "all where half would be less than a second", remainingMs: 1_999, writersLeft: 3, want: 1_999 },
    { name: "nothing when nothing is left", remainingMs: -5, writersLeft: 1, want: 0 },
  ])("$name", ({ remainingMs, writersLeft, want }) => {
    expect(attemptTimeoutMs({ remainingMs, writersLeft })).toBe(want);
  });

  it("never promises more than there is, whoever hangs", () => {
    let remainingMs = 10_000;
    for (let writersLeft = 6; writersLeft > 0; writersLeft--) {
      remainingMs -= attemptTimeoutMs({ remainingMs, writersLeft });
      expect(remainingMs).toBeGreaterThanOrEqual(0);
    }
    expect(remainingMs).toBe(0);
  });
});
