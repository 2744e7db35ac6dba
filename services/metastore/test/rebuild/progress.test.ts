import { describe, expect, it } from "@jest/globals";
import {
  exitCodeOf,
  NOTHING_YET,
  progressLine,
  summaryText,
  type RebuildCounts,
} from "../../src/rebuild/progress.ts";

const refused = new Map([
  ["misplaced", 1],
  ["damaged", 2],
] as const);

describe("progressLine", () => {
  it.each<{ name: string; counts: Partial<RebuildCounts>; elapsedMs: number; want: string }>([
    {
      name: "nothing is said of the time while nothing was done",
      counts: { isListed: true },
      elapsedMs: 0,
      want: "listed 0, read 0, registered 0, refused 0, 0 blocks/s",
    },
    {
      name: "nor while more may be listed",
      counts: { listed: 3000, read: 1100, registered: 1000 },
      elapsedMs: 2_000,
      want: "listed 3000+, read 1100, registered 1000, refused 0, 500 blocks/s",
    },
    {
      name: "what was left out or is gone is done too",
      counts: { listed: 3000, isListed: true, read: 1096, registered: 996, gone: 1, refused },
      elapsedMs: 2_000,
      want: "listed 3000, read 1096, registered 996, refused 3, 498 blocks/s, 4 s left",
    },
    {
      name: "what does not belong into the index takes no time",
      counts: {
        listed: 3000,
        isListed: true,
        read: 1100,
        registered: 1000,
        superseded: 900,
        orphaned: 100,
        doubtful: 1,
      },
      elapsedMs: 2_000,
      want: "listed 3000, read 1100, registered 1000, superseded 900, orphaned 100, doubtful 1, refused 0, 500 blocks/s, 2 s left",
    },
  ])("$name", ({ counts, elapsedMs, want }) => {
    expect(progressLine({ ...NOTHING_YET, ...counts }, elapsedMs)).toBe(want);
  });
});

describe("the end", () => {
  const counts: RebuildCounts = { ...NOTHING_YET, listed: 12, isListed: true, registered: 9, gone: 0 };
  it.each([
    {
      name: "all is registered",
      summary: { counts: { ...counts, registered: 12 }, elapsedMs: 3_000, outcome: "complete" as const },
      exitCode: 0,
      text: "The index is rebuilt: 12 of 12 objects registered in 3.0 s, 4 blocks/s.\n",
    },
    {
      name: "objects that are gone are no failure",
      summary: { counts: { ...counts, gone: 3 }, elapsedMs: 3_000, outcome: "complete" as const },
      exitCode: 0,
      text:
        "The index is rebuilt: 9 of 12 objects registered in 3.0 s, 3 blocks/s.\n" +
        "Removed from the bucket meanwhile: 3.\n",
    },
    {
      name: "nor are blocks that others stand for, nor what is doubtful",
      summary: {
        counts: { ...counts, superseded: 2, orphaned: 1, doubtful: 4 },
        elapsedMs: 3_000,
        outcome: "complete" as const,
      },
      exitCode: 0,
      text:
        "The index is rebuilt: 9 of 12 objects registered in 3.0 s, 3 blocks/s.\n" +
        "Superseded: 2. They were compacted into others that are registered.\n" +
        "Orphaned: 1. Their job did not end; others hold the same.\n" +
        "Doubtful: 4. Queries may count some of it twice. Each is named above.\n",
    },
    {
      name: "objects that were left out are one",
      summary: { counts: { ...counts, refused }, elapsedMs: 3_000, outcome: "complete" as const },
      exitCode: 1,
      text:
        "The index is rebuilt: 9 of 12 objects registered in 3.0 s, 3 blocks/s.\n" +
        "Not registered: 2 damaged, 1 misplaced. Each is named above.\n",
    },
    {
      name: "so is a stop before the end",
      summary: { counts, elapsedMs: 3_000, outcome: "stopped" as const },
      exitCode: 1,
      text: "Stopped before the end: 9 objects registered in 3.0 s. Run it again: what is registered stays.\n",
    },
  ])("$name", ({ summary, exitCode, text }) => {
    expect(exitCodeOf(summary)).toBe(exitCode);
    expect(summaryText(summary)).toBe(text);
  });
});
