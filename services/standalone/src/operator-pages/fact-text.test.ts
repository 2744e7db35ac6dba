import { describe, expect, it } from "@jest/globals";

import { bytesText, spanText, timeText } from "./fact-text.ts";

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_000, "1.0 kB"],
    [1_549, "1.5 kB"],
    [23_400_000, "23 MB"],
    [999_999, "1.0 MB"],
    [4e12, "4.0 TB"],
    [5e18, "5000 PB"],
  ])("%d are %s", (bytes, want) => {
    expect(bytesText(bytes)).toBe(want);
  });
});

describe("a time", () => {
  it("is of UTC, to the second", () => {
    expect(timeText(1_767_225_600_999)).toBe("2026-01-01 00:00:00");
  });
});

describe("a span", () => {
  it.each([
    [-1, "0s"],
    [499, "0s"],
    [59_700, "1m"],
    [90_400, "1m30s"],
    [3_600_000, "1h"],
    [86_400_000 - 29_000, "1d"],
    [8 * 86_400_000 + 3 * 3_600_000 + 1, "8d3h"],
  ])("of %d ms is %s", (ms, want) => {
    expect(spanText(ms)).toBe(want);
  });
});
