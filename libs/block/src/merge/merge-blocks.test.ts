import { describe, expect, it } from "@jest/globals";
import { ulidTimeMs } from "@hearth/runtime";
import { exactToBigInt } from "@hearth/exact-integers";
import type { ProfileColumns } from "@hearth/profile";
import { buildProfileColumns, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import {
  blockId,
  blockOf,
  merge,
  never,
  type PlacedRow,
  rowsOf,
  rowText,
  segmentOf,
  sourceOf,
  type StoredBlock,
} from "../../test/support/merge-fixture.ts";
import { readDataset } from "../../test/support/read-dataset.ts";
import { MemoryPartSink, mergeBlocks, readBlockMeta } from "../index.ts";

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc
    .record({ pod: fc.constantFrom("a", "b", "ü"), __profile_type__: fc.constantFrom("cpu", "wall") })
    .map((labels) => ({ ...labels, service_name: "shop" })),
  timeMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_009 }),
  timeRestNanos: fc.nat(2),
  id: fc.nat(3),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined", "main;0x7f01", "日本;語", ""),
      fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 2n ** 52n, max: 2n ** 60n })),
      fc.nat(3),
    ),
    { selector: ([stack, , span]) => `${stack}@${span}` },
  ),
});
const anyPlacedRow: fc.Arbitrary<PlacedRow> = fc.record({
  tenant: fc.constantFrom("acme", "other", "zoo"),
  service: fc.constantFrom("shop", "till"),
  row: anyRow,
});
const identityOf = ({ tenant, service, row }: PlacedRow): string =>
  JSON.stringify([tenant, service, row.labels, row.timeMs, row.timeRestNanos, row.id]);

/** Distinct rows, and for each the blocks that have it. */
const anySplit = fc.uniqueArray(
  fc.record({ placed: anyPlacedRow, blocks: fc.subarray([0, 1, 2, 3], { minLength: 1 }) }),
  { selector: ({ placed }) => identityOf(placed), minLength: 1, maxLength: 16 },
);
type Split = { placed: PlacedRow; blocks: number[] }[];

const segmentsOf = (split: Split): ReturnType<typeof segmentOf>[] =>
  [0, 1, 2, 3].map((number) =>
    segmentOf(
      split.filter(({ blocks }) => blocks.includes(number)).map(({ placed }) => placed),
      number,
    ),
  );

const ROW: RowSketch = {
  labels: { service_name: "shop", pod: "a" },
  timeMs: 1_700_000_000_000,
  id: 1,
  samples: [["main", 1n]],
};

describe("mergeBlocks", () => {
  it("keeps every distinct row of any split over blocks, once, and counts the others", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const merged = await merge(segmentsOf(split));
        expect(await rowsOf(merged.blocks)).toEqual(split.map(({ placed }) => rowText(placed)).sort());
        const rowsIn = split.reduce((sum, { blocks }) => sum + blocks.length, 0);
        expect(merged).toMatchObject({
          rowsIn,
          rowsOut: split.length,
          repeatedRows: rowsIn - split.length,
        });
      }),
      { numRuns: 60 },
    );
  });

  it("makes the same blocks of the same sources in any order, also beside another merge", async () => {
    await fc.assert(
      fc.asyncProperty(
        anySplit,
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        async (split, order) => {
          const segments = segmentsOf(split);
          const expected = (await merge(segments)).blocks;
          const sources = order.map((index) => sourceOf(segments[index]!));
          const input = { sources, openSink: () => new MemoryPartSink(), maxReads: 1 };
          const { outputs } = await mergeBlocks(input, never);
          expect(outputs.map(({ meta, sink }) => ({ meta, bytes: sink.build() }))).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("keeps everything when what was merged is merged again, up to level 3", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const segments = segmentsOf(
          split.map((each) => ({ ...each, placed: { ...each.placed, tenant: "acme" } })),
        );
        const first = await merge(segments.slice(0, 2));
        const second = await merge(segments.slice(2));
        const level2 = await merge([...first.blocks, ...second.blocks]);
        const level3 = await merge(level2.blocks);
        expect(level3.blocks.map(({ meta }) => meta.level)).toEqual([3]);
        expect(await rowsOf(level3.blocks)).toEqual(await rowsOf((await merge(segments)).blocks));
      }),
      { numRuns: 30 },
    );
  });

  it("writes one block for each tenant, by name, its services by name, and says where it comes from", async () => {
    const first = segmentOf(
      [
        { tenant: "zoo", service: "till", row: ROW },
        { tenant: "zoo", service: "shop", row: ROW },
        { tenant: "acme", service: "shop", row: ROW },
      ],
      1,
    );
    const second = segmentOf([{ tenant: "zoo", service: "till", row: ROW }], 2);
    const { blocks } = await merge([second, first]);
    expect(blocks.map(({ meta }) => [meta.tenant, meta.datasets.map(({ service }) => service)])).toEqual([
      ["acme", ["shop"]],
      ["zoo", ["shop", "till"]],
    ]);
    for (const { meta, bytes } of blocks) {
      expect(readBlockMeta(bytes)).toEqual(meta);
      expect(meta).toMatchObject({
        shard: 7,
        level: 1,
        createdBy: "",
        origin: { sources: [blockId(1), blockId(2)], outputCount: 2 },
      });
      expect(ulidTimeMs(meta.id)).toBe(ulidTimeMs(blockId(2)));
    }
    expect(new Set(blocks.map(({ meta }) => meta.id)).size).toBe(2);
  });

  it("makes nothing of blocks and of tenants without rows", async () => {
    const { meta, bytes } = segmentOf([{ tenant: "acme", service: "shop", row: ROW }], 1);
    const datasets = meta.datasets.map((dataset) => ({ ...dataset, profileCount: 0 }));
    expect(await merge([{ meta: { ...meta, datasets }, bytes }, segmentOf([], 2)])).toMatchObject({
      blocks: [],
      rowsIn: 0,
      rowsOut: 0,
      repeatedRows: 0,
    });
  });

  it("keeps spans, traces and values beyond 2^52 with their samples", async () => {
    const stacks = ["main;b", "main;a", "main;c", "main;a"];
    const segments = [1, 2].map((number) => {
      const values = stacks.map((_, i) => 2n ** 62n + BigInt(10 * number + i));
      const rows = buildProfileColumns([
        { ...ROW, id: number, samples: stacks.map((stack, i) => [stack, values[i]!, 0]) },
      ]);
      return withIds(rows, number);
    });
    const { blocks } = await merge(segments);
    const { samples } = await readDataset(blocks[0]!.bytes, blocks[0]!.meta.datasets[0]!);
    const read = Array.from({ length: samples.count }, (_, i) => ({
      value: exactToBigInt(samples.value, i) - 2n ** 62n,
      span: samples.spanId![i * 8 + 7],
      trace: samples.traceId![i * 16 + 15],
    }));
    expect(read.sort((a, b) => Number(a.value - b.value))).toEqual(
      [10, 11, 12, 13, 20, 21, 22, 23].map((n) => ({ value: BigInt(n), span: n, trace: n + 100 })),
    );
  });

  it.each([
    { name: "no blocks", metas: [], problem: "no blocks" },
    { name: "a block that comes twice", metas: [{}, {}], problem: "comes twice" },
    { name: "two shards", metas: [{}, { id: blockId(2), shard: 8 }], problem: "shard or level differs" },
    { name: "two levels", metas: [{}, { id: blockId(2), level: 1 }], problem: "shard or level differs" },
    { name: "an id without a time", metas: [{ id: "block-0" }], problem: "no block id" },
  ])("refuses $name", async ({ metas, problem }) => {
    const { meta, bytes } = segmentOf([], 1);
    const blocks = metas.map((change) => ({ meta: { ...meta, ...change }, bytes }));
    await expect(merge(blocks)).rejects.toThrow(problem);
  });
});

/** A segment of one row; sample `i` has the span id `10 * number + i` and the trace id 100 more. */
function withIds(columns: ProfileColumns, number: number): StoredBlock {
  const { count } = columns.samples;
  const spanId = new Uint8Array(count * 8);
  const traceId = new Uint8Array(count * 16);
  for (let i = 0; i < count; i++) {
    spanId[i * 8 + 7] = 10 * number + i;
    traceId[i * 16 + 15] = 10 * number + i + 100;
  }
  return blockOf("acme", "shop", { ...columns, samples: { ...columns.samples, spanId, traceId } }, number);
}
