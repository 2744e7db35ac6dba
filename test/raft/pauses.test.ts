import { describe, expect, it } from "@jest/globals";

import { figuresOf, longestPauseMs } from "./pauses.ts";

describe("longestPauseMs", () => {
  it.each([
    {
      what: "counts a pause that began before the fault",
      acknowledged: [0, 90, 200, 210],
      fromMs: 100,
      want: 110,
    },
    { what: "leaves out what was before", acknowledged: [0, 90, 100, 110], fromMs: 95, want: 10 },
    { what: "is 0 where nothing came", acknowledged: [], fromMs: 0, want: 0 },
  ])("$what", ({ acknowledged, fromMs, want }) => {
    expect(longestPauseMs(acknowledged, fromMs)).toBe(want);
  });
});

describe("figuresOf", () => {
  it.each([
    { values: [], want: { count: 0, median: 0, p99: 0, max: 0 } },
    { values: [7], want: { count: 1, median: 7, p99: 7, max: 7 } },
    { values: [3, 1, 2, 4], want: { count: 4, median: 2, p99: 4, max: 4 } },
    {
      values: Array.from({ length: 200 }, (_, index) => index + 1),
      want: { count: 200, median: 100, p99: 198, max: 200 },
    },
  ])("of $values.length values", ({ values, want }) => {
    expect(figuresOf(values)).toEqual(want);
  });
});
