import { describe, expect, it } from "@jest/globals";
import { ResourceExhaustedError } from "@hearth/errors";
import fc from "fast-check";

import { planBlocks, planQuery, type BlockToRead, type PlanBounds, type QueryLeaf } from "./index.ts";

const bounds: PlanBounds = { leafBytes: 100, blockCostBytes: 0, maxLeaves: 64, maxReadBytes: 0 };

/** `"s1 10-20 30B"`: shard, first and last time, bytes. Its text is its id. */
function block(text: string): BlockToRead {
  const [, shard, min, max, bytes] = /^s(\d+) (\d+)-(\d+) (\d+)B$/.exec(text) ?? [];
  return {
    id: text,
    shard: Number(shard),
    minTimeMs: Number(min),
    maxTimeMs: Number(max),
    readBytes: Number(bytes),
  };
}

/** The ids of each leaf, and its range in front when its time was cut. */
function plan(blocks: readonly string[], overrides: Partial<PlanBounds> = {}): string[][] {
  const { leaves } = planQuery(blocks.map(block), { ...bounds, ...overrides });
  return leaves.map(({ blocks: ofLeaf, fromMs, beforeMs }) => {
    const isCut = fromMs !== -Infinity || beforeMs !== Infinity;
    return [...(isCut ? [`${fromMs}..${beforeMs}`] : []), ...ofLeaf.map(({ id }) => id)];
  });
}

describe("planQuery", () => {
  it.each([
    { name: "no blocks need no leaf", blocks: [], want: [] },
    {
      name: "small blocks share a leaf, shard by shard",
      blocks: ["s2 0-9 10B", "s1 0-9 10B", "s1 20-29 10B"],
      want: [["s1 0-9 10B", "s1 20-29 10B", "s2 0-9 10B"]],
    },
    {
      name: "a leaf ends where it is full",
      blocks: ["s1 0-9 60B", "s1 10-19 60B", "s2 0-9 40B"],
      want: [["s1 0-9 60B"], ["s1 10-19 60B", "s2 0-9 40B"]],
    },
    {
      name: "blocks that overlap in time stay together",
      blocks: ["s1 0-9 40B", "s1 5-15 30B", "s1 8-20 30B"],
      want: [["s1 0-9 40B", "s1 5-15 30B", "s1 8-20 30B"]],
    },
    {
      name: "their time is cut where a leaf is full, and what lies across is on both sides",
      blocks: ["s1 0-10 60B", "s1 10-20 45B", "s1 20-30 40B"],
      want: [
        ["-Infinity..20", "s1 0-10 60B", "s1 10-20 45B"],
        ["20..Infinity", "s1 10-20 45B", "s1 20-30 40B"],
      ],
    },
    {
      name: "it is not cut where most of what is read would be read twice",
      blocks: ["s1 0-9 90B", "s1 5-15 90B", "s1 9-20 90B"],
      want: [["s1 0-9 90B", "s1 5-15 90B", "s1 9-20 90B"]],
    },
    {
      name: "but later, when half of the larger leaf lies across",
      blocks: ["s1 0-9 90B", "s1 5-15 90B", "s1 9-20 90B", "s1 16-25 20B"],
      want: [
        ["-Infinity..16", "s1 0-9 90B", "s1 5-15 90B", "s1 9-20 90B"],
        ["16..Infinity", "s1 9-20 90B", "s1 16-25 20B"],
      ],
    },
    {
      name: "blocks that do not overlap in time may part",
      blocks: ["s1 0-9 90B", "s1 10-15 90B"],
      want: [["s1 0-9 90B"], ["s1 10-15 90B"]],
    },
    {
      name: "blocks stay together however much they are",
      blocks: ["s1 0-9 250B", "s1 5-15 250B", "s1 0-14 250B"],
      want: [["s1 0-14 250B", "s1 0-9 250B", "s1 5-15 250B"]],
    },
    {
      name: "blocks of different shards may part",
      blocks: ["s1 0-9 90B", "s2 0-9 90B"],
      want: [["s1 0-9 90B"], ["s2 0-9 90B"]],
    },
  ])("$name", ({ blocks, want }) => {
    expect(plan(blocks)).toEqual(want);
  });

  it("makes larger leaves when there would be too many", () => {
    const blocks = ["s1 0-1 90B", "s2 0-1 90B", "s3 0-1 90B", "s4 0-1 90B"];
    expect(plan(blocks, { maxLeaves: 2 })).toEqual([blocks.slice(0, 2), blocks.slice(2)]);
  });

  it("counts opening a block as bytes", () => {
    const blocks = ["s1 0-1 1B", "s1 2-3 1B", "s1 4-5 1B"];
    expect(plan(blocks, { blockCostBytes: 40 })).toEqual([blocks.slice(0, 2), blocks.slice(2)]);
  });

  it("refuses to read more than allowed, and says what would help", () => {
    const blocks = [block("s1 0-1 60B"), block("s1 2-3 41B")];
    expect(() => planQuery(blocks, { ...bounds, maxReadBytes: 100 })).toThrow(ResourceExhaustedError);
    expect(planQuery(blocks, { ...bounds, maxReadBytes: 101 }).readBytes).toBe(101);
  });

  it("keeps blocks whole and apart for what repeats do not change", () => {
    const blocks = ["s1 0-9 60B", "s1 5-15 60B", "s1 0-30 30B"].map(block);
    const { leaves } = planBlocks(blocks, bounds);
    expect(leaves.map((leaf) => leaf.blocks.map(({ readBytes }) => readBytes))).toEqual([[30, 60], [60]]);
    expect(leaves.every(({ fromMs, beforeMs }) => fromMs === -Infinity && beforeMs === Infinity)).toBe(true);
  });

  it("reads each row once, beside all of its shard and time, in no more leaves than allowed, whatever the order of blocks", () => {
    const anyBlock = fc
      .record({
        shard: fc.integer({ min: 1, max: 4 }),
        minTimeMs: fc.nat(50),
        length: fc.nat(20),
        readBytes: fc.nat(150),
      })
      .map(({ length, ...rest }) => ({ ...rest, maxTimeMs: rest.minTimeMs + length }));
    const anyBlocks = fc
      .array(anyBlock, { maxLength: 40 })
      .map((blocks) => blocks.map((fields, index) => ({ ...fields, id: `b${index}` })));
    fc.assert(
      fc.property(anyBlocks, fc.integer({ min: 1, max: 10 }), (blocks, maxLeaves) => {
        const { leaves } = planQuery(blocks, { ...bounds, maxLeaves });
        expect(leaves.length).toBeLessThanOrEqual(maxLeaves);
        for (const { id, minTimeMs, maxTimeMs } of blocks) {
          for (let timeMs = minTimeMs; timeMs <= maxTimeMs; timeMs++)
            expect(leavesOf(leaves, id, timeMs)).toHaveLength(1);
        }
        expect(planQuery(blocks.toReversed(), { ...bounds, maxLeaves }).leaves).toEqual(leaves);
        expect(separatedRepeats(blocks, leaves)).toEqual([]);
        const all = readBytes(leaves.flatMap(({ blocks: ofLeaf }) => ofLeaf));
        expect(all).toBeLessThanOrEqual(2 * readBytes(blocks) + bounds.leafBytes * leaves.length);
      }),
    );
  });
});

function readBytes(blocks: readonly BlockToRead[]): number {
  return blocks.reduce((sum, block) => sum + block.readBytes, 0);
}

/** Which leaves read the rows of a block at a time. */
function leavesOf(leaves: readonly QueryLeaf<BlockToRead>[], id: string, timeMs: number): number[] {
  return leaves.flatMap(({ blocks, fromMs, beforeMs }, index) =>
    timeMs >= fromMs && timeMs < beforeMs && blocks.some((one) => one.id === id) ? [index] : [],
  );
}

/** Pairs of blocks whose rows of one time are in different leaves, though they may be of the same profile. */
function separatedRepeats(
  blocks: readonly BlockToRead[],
  leaves: readonly QueryLeaf<BlockToRead>[],
): string[] {
  return blocks.flatMap((a) =>
    blocks
      .filter((b) => {
        const timeMs = Math.max(a.minTimeMs, b.minTimeMs);
        if (a.shard !== b.shard || timeMs > Math.min(a.maxTimeMs, b.maxTimeMs)) return false;
        return String(leavesOf(leaves, a.id, timeMs)) !== String(leavesOf(leaves, b.id, timeMs));
      })
      .map((b) => `${a.id} ${b.id}`),
  );
}
