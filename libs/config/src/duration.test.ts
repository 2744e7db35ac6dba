import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  it.each([
    { text: "0", want: 0 },
    { text: "0s", want: 0 },
    { text: "500ms", want: 500 },
    { text: "1.5s", want: 1500 },
    { text: ".5s", want: 500 },
    { text: "1h30m", want: 5_400_000 },
    { text: "1h0m0s", want: 3_600_000 },
    { text: "2562047h47m16.854s", want: 9_223_372_036_854 },
    { text: "7d", want: 604_800_000 },
    { text: "1w", want: 604_800_000 },
    { text: "1y", want: 31_536_000_000 },
    { text: "250us", want: 0.25 },
    { text: "250µs", want: 0.25 },
    { text: "-5m", want: -300_000 },
    { text: " 5m ", want: 300_000 },
  ])("$text is $want ms", ({ text, want }) => {
    expect(parseDuration(text)).toBeCloseTo(want, 9);
  });

  it.each(["", "5", "s", "5 m", "5x", "1h-3m", "1..5s", "1e3s", "--5m", "Infinity"])("refuses %p", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("formatDuration", () => {
  it.each([
    { ms: 0, want: "0s" },
    { ms: 500, want: "500ms" },
    { ms: 1500, want: "1s500ms" },
    { ms: 30_000, want: "30s" },
    { ms: 5_400_000, want: "1h30m" },
    { ms: 86_400_000, want: "1d" },
    { ms: 604_800_000, want: "1w" },
    { ms: 8 * 86_400_000, want: "8d" },
    { ms: 31 * 86_400_000, want: "31d" },
    { ms: 36 * 3_600_000, want: "1d12h" },
    { ms: -60_000, want: "-1m" },
  ])("$ms ms is $want", ({ ms, want }) => {
    expect(formatDuration(ms)).toBe(want);
  });

  it("is read back unchanged", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
  });
});
