import { describe, expect, it } from "@jest/globals";
import { ulidTimeMs } from "@hearth/runtime";
import { type RowSketch, sketchRows } from "@hearth/testing";
import fc from "fast-check";
import {
  merge,
  type Merged,
  type PlacedRow,
  rowsOf,
  segmentOf,
  type StoredBlock,
} from "../../test/support/merge-fixture.ts";
import { readDataset } from "../../test/support/read-dataset.ts";
import { readBlockMeta, tierOfLevel, TIERS } from "../index.ts";

const HOUR = 3_600_000;
/** Begins an hour. */
const START = 1_700_002_800_000;
const SUMS = TIERS.filter(({ resolutionMs }) => resolutionMs > 0);
const DAY = 4;
const FIVE_MINUTES = 5;
const ONE_HOUR = 6;

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc
    .record({ pod: fc.constantFrom("a", "b"), __profile_type__: fc.constantFrom("cpu", "wall") })
    .map((labels) => ({ ...labels, service_name: "shop" })),
  timeMs: fc.integer({ min: START, max: START + 2 * HOUR }),
  timeRestNanos: fc.nat(2),
  id: fc.nat(255),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined", "日本;語"),
      fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 2n ** 52n, max: 2n ** 57n })),
      fc.nat(2),
    ),
    { selector: ([stack, , span]) => `${stack}@${span}`, minLength: 1 },
  ),
});
const anyPlacedRow: fc.Arbitrary<PlacedRow> = fc.record({
  tenant: fc.constant("acme"),
  service: fc.constantFrom("shop", "till"),
  row: anyRow,
});
const identityOf = ({ service, row }: PlacedRow): string =>
  JSON.stringify([service, row.labels, row.timeMs, row.timeRestNanos, row.id]);

/** Distinct rows, and for each the blocks that have it. */
const anySplit = fc.uniqueArray(
  fc.record({ placed: anyPlacedRow, blocks: fc.subarray([0, 1, 2], { minLength: 1 }) }),
  { selector: ({ placed }) => identityOf(placed), minLength: 1, maxLength: 24 },
);
type Split = { placed: PlacedRow; blocks: number[] }[];

const placedIn = (split: Split): PlacedRow[] => split.map(({ placed }) => placed);

/** Sources of level 1, which is enough to be summed. */
async function blocksOf(split: Split): Promise<StoredBlock[]> {
  const merged = [0, 1, 2].map(async (number) => {
    const rows = placedIn(split.filter(({ blocks }) => blocks.includes(number)));
    return rows.length === 0 ? [] : (await merge([segmentOf(rows, number)])).blocks;
  });
  return (await Promise.all(merged)).flat();
}

async function mergedTo(level: number, blocks: readonly StoredBlock[]): Promise<readonly StoredBlock[]> {
  let current = blocks;
  while (current[0]!.meta.level < level) ({ blocks: current } = await merge(current));
  return current;
}

const summed = (blocks: readonly StoredBlock[], level: number): Promise<Merged> =>
  merge(blocks, undefined, level);

/** Sums by series, bucket and stack, with the latest time: what must come out, whatever was summed before. */
function model(placed: readonly PlacedRow[], resolutionMs: number): string[] {
  const sums = new Map<string, { time: number; rest: number; samples: Map<string, bigint> }>();
  for (const { service, row } of placed) {
    const key = JSON.stringify([service, row.labels, Math.floor(row.timeMs / resolutionMs)]);
    const sum = sums.get(key) ?? { time: 0, rest: 0, samples: new Map<string, bigint>() };
    sums.set(key, sum);
    const rest = row.timeRestNanos ?? 0;
    if (row.timeMs > sum.time || (row.timeMs === sum.time && rest > sum.rest))
      Object.assign(sum, { time: row.timeMs, rest });
    for (const [stack, value] of row.samples) sum.samples.set(stack, (sum.samples.get(stack) ?? 0n) + value);
  }
  return Array.from(sums, ([key, { time, rest, samples }]) => textOf(key, [time, rest], [...samples])).sort();
}

/** The same of blocks, at a resolution at which no row shares its bucket. */
async function sumsOf(blocks: readonly StoredBlock[], resolutionMs: number): Promise<string[]> {
  const texts = blocks.flatMap(({ meta, bytes }) =>
    meta.datasets.map(async (dataset) =>
      sketchRows(await readDataset(bytes, dataset)).map(({ labels, timeMs, timeRestNanos, samples }) => {
        const key = JSON.stringify([dataset.service, labels, Math.floor(timeMs / resolutionMs)]);
        return textOf(key, [timeMs, timeRestNanos!], sumByStack(samples));
      }),
    ),
  );
  return (await Promise.all(texts)).flat(2).sort();
}

/** Stack traces that differ in addresses alone are one text. */
function sumByStack(samples: RowSketch["samples"]): [string, bigint][] {
  const sums = new Map<string, bigint>();
  for (const [stack, value] of samples) sums.set(stack, (sums.get(stack) ?? 0n) + value);
  return [...sums];
}

function textOf(
  key: string,
  time: readonly [ms: number, nanos: number],
  samples: readonly (readonly [string, bigint])[],
): string {
  return `${key} ${time.join("+")} ${samples
    .map(([stack, value]) => `${stack}=${value}`)
    .sort()
    .join()}`;
}

const rowOf = (id: number, fields: Partial<RowSketch> = {}): PlacedRow => ({
  tenant: "acme",
  service: "shop",
  row: {
    labels: { service_name: "shop", pod: "a" },
    timeMs: START + id,
    id,
    samples: [["main;work", BigInt(id)]],
    ...fields,
  },
});
const block = async (rows: readonly PlacedRow[], number = 0, level = 3): Promise<StoredBlock> =>
  (await mergedTo(level, [segmentOf(rows, number)]))[0]!;

describe("a merge into a tier", () => {
  it.each(SUMS)("has one row for each series and bucket of $name, repeats counted once", async (tier) => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const merged = await summed(await blocksOf(split), tier.level);
        const placed = placedIn(split);
        expect(await sumsOf(merged.blocks, tier.resolutionMs)).toEqual(model(placed, tier.resolutionMs));
        const rowsIn = split.reduce((sum, { blocks }) => sum + blocks.length, 0);
        const { rowsOut } = merged;
        expect(merged).toMatchObject({
          rowsIn,
          repeatedRows: rowsIn - split.length,
          summedRows: split.length - rowsOut,
        });
        expect(rowsOut).toBe(model(placed, tier.resolutionMs).length);
      }),
      { numRuns: 15 },
    );
  });

  it("makes the same block of the same sources in any order", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const sources = await blocksOf(split);
        const there = await summed(sources, FIVE_MINUTES);
        const back = await summed(sources.toReversed(), FIVE_MINUTES);
        expect(back.blocks).toEqual(there.blocks);
      }),
      { numRuns: 8 },
    );
  });

  it("holds the same at 1 hour by way of 5 minutes as at once", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const { blocks } = await summed(await blocksOf(split), FIVE_MINUTES);
        const stepwise = await summed(blocks, ONE_HOUR);
        expect(await sumsOf(stepwise.blocks, HOUR)).toEqual(model(placedIn(split), HOUR));
      }),
      { numRuns: 8 },
    );
  });

  it("says what it is: of the tier's level, with rollups, from its sources", async () => {
    const rows = [1, 2, 3].map((id) => rowOf(id * 400_000));
    const sources = [await block(rows, 1), await block([rowOf(2)], 2)];
    const { blocks } = await summed(sources, FIVE_MINUTES);
    const [{ meta, bytes }] = blocks as [StoredBlock];
    expect(readBlockMeta(bytes)).toEqual(meta);
    expect(meta).toMatchObject({ tenant: "acme", shard: 7, level: FIVE_MINUTES, createdBy: "" });
    expect(meta.origin).toEqual({ sources: sources.map(({ meta: { id } }) => id).sort(), outputCount: 1 });
    expect(ulidTimeMs(meta.id)).toBe(Math.max(...sources.map((source) => ulidTimeMs(source.meta.id))));
    expect(meta.datasets[0]!.sections.map(({ kind }) => kind)).toContain("rollup");
  });

  it("stays within the times of its sources", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const sources = await blocksOf(split);
        const { blocks } = await summed(sources, ONE_HOUR);
        const times = (of: readonly StoredBlock[]): number[] =>
          of.flatMap(({ meta }) => [meta.minTimeMs, meta.maxTimeMs]);
        expect(Math.max(...times(blocks))).toBe(Math.max(...times(sources)));
        expect(Math.min(...times(blocks))).toBeGreaterThanOrEqual(Math.min(...times(sources)));
      }),
      { numRuns: 8 },
    );
  });

  it("is possible of one block, of any level from 1 on below the tier's", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async (level) => {
        const { blocks } = await summed([await block([rowOf(1), rowOf(2)], 0, level)], ONE_HOUR);
        expect(await sumsOf(blocks, HOUR)).toEqual(model([rowOf(1), rowOf(2)], HOUR));
        return blocks[0]!.meta.id;
      }),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("gives other ids at other levels, also when no row shares its bucket", async () => {
    const source = await block([rowOf(1)]);
    const [fine, coarse] = [await summed([source], FIVE_MINUTES), await summed([source], ONE_HOUR)];
    expect(fine.blocks[0]!.meta.datasets).toEqual(coarse.blocks[0]!.meta.datasets);
    expect(fine.blocks[0]!.meta.id).not.toBe(coarse.blocks[0]!.meta.id);
  });

  it("leaves deleted rows out before it sums", async () => {
    const rows = [rowOf(1), rowOf(2), rowOf(3), rowOf(4, { labels: { service_name: "shop", pod: "b" } })];
    const list = [
      { number: 7, tenant: "acme", matchers: [], startMs: START + 2, endMs: START + 3 },
      {
        number: 8,
        tenant: "acme",
        matchers: [{ name: "pod", operator: "=" as const, value: "b" }],
        startMs: 0,
        endMs: 2 ** 50,
      },
    ];
    const deletions = { list, upTo: 8, isRewrite: false };
    const merged = await merge([await block(rows)], deletions, FIVE_MINUTES);
    expect(await sumsOf(merged.blocks, HOUR)).toEqual(model([rowOf(1), rowOf(3)], HOUR));
    expect(merged).toMatchObject({
      rowsIn: 4,
      rowsOut: 1,
      summedRows: 1,
      deletedRows: new Map([["acme", 2]]),
    });
    expect(merged.blocks[0]!.meta.origin?.deletionsApplied).toBe(8);
  });

  it.each<{ name: string; change: Partial<StoredBlock["meta"]>[]; outputLevel: number; problem: string }>([
    { name: "a segment", change: [{ level: 0 }], outputLevel: 5, problem: "level=0 output_level=5" },
    { name: "a level that is no tier", change: [{ level: 2 }], outputLevel: 3, problem: "output_level=3" },
    {
      name: "the level of the sources",
      change: [{ level: 5 }],
      outputLevel: 5,
      problem: "level=5 output_level=5",
    },
    {
      name: "a level below the sources",
      change: [{ level: 6 }],
      outputLevel: 5,
      problem: "level=6 output_level=5",
    },
    {
      name: "a tier as the next level",
      change: [{ level: 3 }],
      outputLevel: 0,
      problem: "level=3 output_level=0",
    },
    {
      name: "two tenants",
      change: [{}, { id: "01J2VJ999DC160REPAD2VN88XN", tenant: "other" }],
      outputLevel: 5,
      problem: "tenant differs",
    },
  ])("refuses $name", async ({ change, outputLevel, problem }) => {
    const source = await block([rowOf(1)]);
    const blocks = change.map((each) => ({ ...source, meta: { ...source.meta, ...each } }));
    await expect(summed(blocks, outputLevel)).rejects.toThrow(problem);
  });
});

describe("a merge into the tier of days", () => {
  it("keeps all rows as they came, repeats counted once", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const sources = await blocksOf(split);
        const merged = await summed(sources, DAY);
        expect(await rowsOf(merged.blocks)).toEqual([...new Set(await rowsOf(sources))]);
        expect(merged).toMatchObject({ rowsOut: split.length, summedRows: 0 });
        for (const { meta } of merged.blocks) expect(meta.level).toBe(DAY);
      }),
      { numRuns: 8 },
    );
  });

  it("is summed later as its sources are", async () => {
    await fc.assert(
      fc.asyncProperty(anySplit, async (split) => {
        const { blocks } = await summed(await blocksOf(split), DAY);
        const later = await summed(blocks, ONE_HOUR);
        expect(await sumsOf(later.blocks, HOUR)).toEqual(model(placedIn(split), HOUR));
      }),
      { numRuns: 8 },
    );
  });
});

describe("a block of a tier that is written anew", () => {
  it.each(SUMS)("stays at $name, and lacks the rows whose latest time is deleted", async ({ level }) => {
    const rows = [rowOf(1), rowOf(2), rowOf(HOUR + 1), rowOf(HOUR + 2)];
    const { blocks: sources } = await summed([await block(rows)], level);
    const deleted = (startMs: number, endMs: number) => ({
      list: [{ number: 7, tenant: "acme", matchers: [], startMs, endMs }],
      upTo: 7,
      isRewrite: true,
    });
    const whole = await merge(sources, deleted(START, START + HOUR));
    expect(whole).toMatchObject({ rowsIn: 2, rowsOut: 1, summedRows: 0 });
    expect(whole.blocks[0]!.meta).toMatchObject({ level, origin: { isRewrite: true } });
    expect(await sumsOf(whole.blocks, HOUR)).toEqual(model(rows.slice(2), HOUR));
    // The earlier row of the sum alone is not found.
    const early = await merge(sources, deleted(START, START + 2));
    expect(await rowsOf(early.blocks)).toEqual(await rowsOf(sources));
  });

  it("is not summed at the same time", async () => {
    const rewrite = { list: [], upTo: 7, isRewrite: true };
    const { blocks } = await summed([await block([rowOf(1)])], FIVE_MINUTES);
    await expect(merge(blocks, rewrite, ONE_HOUR)).rejects.toThrow("level=5 output_level=6");
  });
});

describe("tierOfLevel", () => {
  it.each([
    { level: 3, name: undefined },
    { level: 4, name: "day" },
    { level: 5, name: "5m" },
    { level: 6, name: "1h" },
    { level: 7, name: undefined },
  ])("of level $level is $name", ({ level, name }) => {
    expect(tierOfLevel(level)?.name).toBe(name);
  });
});
