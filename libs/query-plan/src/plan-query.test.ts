import { describe, expect, it } from "@jest/globals";
import { ResourceExhaustedError } from "@hearth/errors";
import fc from "fast-check";

import { planQuery, type BlockToRead, type PlanBounds } from "./index.ts";

const bounds: PlanBounds = { leafBytes: 100, blockCostBytes: 0, maxLeaves: 64, maxReadBytes: 0 };

/** `"s1 L0 10-20 30B"`: shard, level, first and last time, bytes. Its text is its id. */
function block(text: string): BlockToRead {
  const [, shard, level, min, max, bytes] = /^s(\d+) L(\d) (\d+)-(\d+) (\d+)B$/.exec(text) ?? [];
  return {
    id: text,
    shard: Number(shard),
    level: Number(level),
    minTimeMs: Number(min),
    maxTimeMs: Number(max),
    readBytes: Number(bytes),
  };
}

function plan(blocks: readonly string[], overrides: Partial<PlanBounds> = {}): string[][] {
  const { leaves } = planQuery(blocks.map(block), { ...bounds, ...overrides });
  return leaves.map((leaf) => leaf.map(({ id }) => id));
}

describe("planQuery", () => {
  it.each([
    { name: "no blocks need no leaf", blocks: [], want: [] },
    {
      name: "small blocks share a leaf, shard by shard",
      blocks: ["s2 L2 0-9 10B", "s1 L2 0-9 10B", "s1 L3 20-29 10B"],
      want: [["s1 L2 0-9 10B", "s1 L3 20-29 10B", "s2 L2 0-9 10B"]],
    },
    {
      name: "a leaf ends where it is full",
      blocks: ["s1 L2 0-9 60B", "s1 L2 10-19 60B", "s2 L2 0-9 40B"],
      want: [["s1 L2 0-9 60B"], ["s1 L2 10-19 60B", "s2 L2 0-9 40B"]],
    },
    {
      name: "segments of a shard that overlap in time stay together, however large",
      blocks: ["s1 L0 0-9 90B", "s1 L0 5-15 90B", "s1 L0 15-20 90B"],
      want: [["s1 L0 0-9 90B", "s1 L0 5-15 90B", "s1 L0 15-20 90B"]],
    },
    {
      name: "segments that do not overlap in time may part",
      blocks: ["s1 L0 0-9 90B", "s1 L0 10-15 90B"],
      want: [["s1 L0 0-9 90B"], ["s1 L0 10-15 90B"]],
    },
    {
      name: "a level-1 block stays with the segments that overlap it",
      blocks: ["s1 L1 0-9 90B", "s1 L0 9-15 90B", "s1 L1 20-30 90B"],
      want: [["s1 L1 0-9 90B", "s1 L0 9-15 90B"], ["s1 L1 20-30 90B"]],
    },
    {
      name: "segments of different shards may part",
      blocks: ["s1 L0 0-9 90B", "s2 L0 0-9 90B"],
      want: [["s1 L0 0-9 90B"], ["s2 L0 0-9 90B"]],
    },
    {
      name: "compacted blocks may part, even when they overlap",
      blocks: ["s1 L1 0-9 90B", "s1 L1 5-15 90B", "s1 L2 0-30 90B"],
      want: [["s1 L1 0-9 90B"], ["s1 L2 0-30 90B"], ["s1 L1 5-15 90B"]],
    },
  ])("$name", ({ blocks, want }) => {
    expect(plan(blocks)).toEqual(want);
  });

  it("makes larger leaves when there would be too many", () => {
    const blocks = ["s1 L2 0-1 90B", "s2 L2 0-1 90B", "s3 L2 0-1 90B", "s4 L2 0-1 90B"];
    expect(plan(blocks, { maxLeaves: 2 })).toEqual([blocks.slice(0, 2), blocks.slice(2)]);
  });

  it("counts opening a block as bytes", () => {
    const blocks = ["s1 L2 0-1 1B", "s1 L2 2-3 1B", "s1 L2 4-5 1B"];
    expect(plan(blocks, { blockCostBytes: 40 })).toEqual([blocks.slice(0, 2), blocks.slice(2)]);
  });

  it("refuses to read more than allowed, and says what would help", () => {
    const blocks = [block("s1 L2 0-1 60B"), block("s1 L2 2-3 41B")];
    expect(() => planQuery(blocks, { ...bounds, maxReadBytes: 100 })).toThrow(ResourceExhaustedError);
    expect(planQuery(blocks, { ...bounds, maxReadBytes: 101 }).readBytes).toBe(101);
  });

  it("reads each block once, in no more leaves than allowed, whatever their order", () => {
    const anyBlock = fc
      .record({
        shard: fc.integer({ min: 1, max: 4 }),
        level: fc.integer({ min: 0, max: 3 }),
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
        expect(ids(leaves.flat())).toEqual(ids(blocks));
        expect(planQuery(blocks.toReversed(), { ...bounds, maxLeaves }).leaves).toEqual(leaves);
        expect(separatedRepeats(leaves)).toEqual([]);
      }),
    );
  });
});

function ids(blocks: readonly BlockToRead[]): string[] {
  return blocks.map(({ id }) => id).sort();
}

/** Pairs of blocks in different leaves that may hold the same profile. */
function separatedRepeats(leaves: readonly (readonly BlockToRead[])[]): string[] {
  const placed = leaves.flatMap((leaf, index) => leaf.map((block) => ({ block, index })));
  return placed.flatMap((a) =>
    placed
      .filter(
        (b) =>
          b.index !== a.index &&
          b.block.shard === a.block.shard &&
          a.block.level === 0 &&
          b.block.level <= 1 &&
          a.block.minTimeMs <= b.block.maxTimeMs &&
          b.block.minTimeMs <= a.block.maxTimeMs,
      )
      .map((b) => `${a.block.id} ${b.block.id}`),
  );
}
