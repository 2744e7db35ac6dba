import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { WaitingBlocks, type ReadyBatch } from "../../src/compaction/waiting-blocks.ts";
import type { BlockPlace } from "../../src/index-state/block-place.ts";
import { START_MS, ulidAt } from "../support/blocks.ts";

const random = seededRandom(1);
const LEVELS = [
  { maxBlocks: 3, maxBytes: 100, maxAgeMs: 10_000 },
  { maxBlocks: 2, maxBytes: 100, maxAgeMs: 60_000 },
  { maxBlocks: 2, maxBytes: 100, maxAgeMs: 600_000 },
];

function at(second: number, fields: Partial<BlockPlace> = {}): BlockPlace {
  const id = ulidAt(START_MS + second * 1_000, random);
  return { id, tenant: "", shard: 1, level: 0, sizeBytes: 10, ...fields };
}

function ready(
  blocks: readonly BlockPlace[],
  {
    second = 0,
    solo = [],
    loneAfter = 0,
  }: { second?: number; solo?: readonly BlockPlace[]; loneAfter?: number } = {},
): ReadyBatch[] {
  const waiting = new WaitingBlocks();
  for (const block of blocks) waiting.add(block);
  const isSolo = (id: string): boolean => solo.some((block) => block.id === id);
  const loneAgeMs = loneAfter * 1_000;
  return waiting.readyBatches({ levels: LEVELS, loneAgeMs, nowMs: START_MS + second * 1_000, isSolo });
}

const idsOf = (batches: readonly ReadyBatch[]): string[][] =>
  batches.map(({ blocks }) => blocks.map(({ id }) => id));

describe("a queue of waiting blocks", () => {
  const [a, b, c, d] = [at(0), at(1), at(2), at(3)] as [BlockPlace, BlockPlace, BlockPlace, BlockPlace];

  it.each<[string, Parameters<typeof ready>, readonly BlockPlace[][]]>([
    ["is not ready while it is young and short", [[a, b], { second: 9 }], []],
    ["is ready when it has as many as a job takes", [[a, b, c]], [[a, b, c]]],
    ["gives the oldest first, whatever order they came in", [[d, b, c, a]], [[a, b, c]]],
    ["is ready when its oldest has waited long enough", [[a, b], { second: 10 }], [[a, b]]],
    ["does not make a job of one, however old", [[a], { second: 9_999 }], []],
    ["makes one of a lone block that waited long enough", [[a], { second: 20, loneAfter: 20 }], [[a]]],
    ["makes none of a lone block before", [[a], { second: 19, loneAfter: 20 }], []],
    ["gives a block that waited so long with its company", [[a, d], { second: 5, loneAfter: 5 }], [[a, d]]],
    ["is ready when the next would be too much", [[a, { ...b, sizeBytes: 91 }]], [[a]]],
    ["gives what failed with others alone", [[a, b, c], { solo: [a] }], [[a]]],
    ["ends a job before what must be alone", [[a, b, c], { solo: [b] }], [[a]]],
  ])("%s", (_, [blocks, view], want) => {
    expect(idsOf(ready(blocks, view))).toEqual(want.map((batch) => batch.map(({ id }) => id)));
  });

  it("is one for each level, shard and tenant", () => {
    const alone = [
      at(0),
      at(0, { shard: 2 }),
      at(0, { level: 1, tenant: "a" }),
      at(0, { level: 1, tenant: "b" }),
    ];
    expect(ready(alone, { second: 9_999 })).toEqual([]);
  });

  it("comes after those of lower levels, and among these after older ones", () => {
    const high = [at(0, { level: 1, tenant: "a" }), at(0, { level: 1, tenant: "a" })];
    const low = [at(5), at(6), at(7)];
    const older = [at(1, { shard: 7 }), at(2, { shard: 7 }), at(3, { shard: 7 })];
    const places = ready([...high, ...low, ...older]).map(({ level, shard }) => [level, shard]);
    expect(places).toEqual([
      [0, 7],
      [0, 1],
      [1, 1],
    ]);
  });

  it("has no blocks of the highest level", () => {
    expect(
      ready([at(0, { level: 3 }), at(1, { level: 3 }), at(2, { level: 3 })], { second: 99_999 }),
    ).toEqual([]);
  });

  it("lets go of a block once", () => {
    const waiting = new WaitingBlocks();
    waiting.add(a);
    expect([waiting.remove(b), waiting.remove(a), waiting.remove(a)]).toEqual([false, true, false]);
    expect([...waiting.queues()]).toEqual([]);
  });
});
