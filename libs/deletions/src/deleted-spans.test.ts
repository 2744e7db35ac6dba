import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { deletedSpans } from "./deleted-spans.ts";

describe("deletedSpans", () => {
  it.each([
    { name: "nothing asked for", deletions: [] },
    { name: "no series", deletions: [{ series: [], startMs: 0, endMs: 9 }] },
    { name: "an empty range", deletions: [{ series: [0], startMs: 9, endMs: 9 }] },
  ])("is nothing: $name", ({ deletions }) => {
    expect(deletedSpans(1, deletions)).toBeUndefined();
  });

  it("begins with its start and ends before its end", () => {
    const spans = deletedSpans(2, [{ series: [1], startMs: 10, endMs: 20 }])!;
    expect([9, 10, 19, 20].map((timeMs) => spans.isDeleted(1, timeMs))).toEqual([false, true, true, false]);
    expect(spans.isDeleted(0, 15)).toBe(false);
  });

  it("covers a series whole by spans that meet, not by such with a gap", () => {
    const meeting = deletedSpans(1, [
      { series: [0], startMs: 10, endMs: 20 },
      { series: [0], startMs: 20, endMs: 30 },
    ])!;
    const apart = deletedSpans(1, [
      { series: [0], startMs: 10, endMs: 20 },
      { series: [0], startMs: 21, endMs: 30 },
    ])!;
    expect(meeting.isWholeDeleted(0, 10, 29)).toBe(true);
    expect(meeting.isWholeDeleted(0, 10, 30)).toBe(false);
    expect(apart.isWholeDeleted(0, 10, 29)).toBe(false);
  });

  it("says of each row what asking every deletion says", () => {
    const time = fc.integer({ min: 0, max: 30 });
    const deletion = fc.record({
      series: fc.uniqueArray(fc.integer({ min: 0, max: 3 })),
      startMs: time,
      endMs: time,
    });
    fc.assert(
      fc.property(fc.array(deletion, { maxLength: 8 }), (deletions) => {
        const spans = deletedSpans(4, deletions);
        for (let series = 0; series < 4; series++) {
          const own = deletions.filter((one) => one.series.includes(series));
          expect(spans?.concerns(series) ?? false).toBe(own.some(({ startMs, endMs }) => startMs < endMs));
          const slow = (timeMs: number): boolean =>
            own.some(({ startMs, endMs }) => timeMs >= startMs && timeMs < endMs);
          for (let timeMs = 0; timeMs <= 30; timeMs++) {
            expect(spans?.isDeleted(series, timeMs) ?? false).toBe(slow(timeMs));
            const until = Math.min(30, timeMs + 5);
            const isWhole = Array.from({ length: until - timeMs + 1 }, (_, i) => slow(timeMs + i)).every(
              Boolean,
            );
            expect(spans?.isWholeDeleted(series, timeMs, until) ?? false).toBe(isWhole);
          }
        }
      }),
    );
  });
});
