import { describe, expect, it } from "@jest/globals";
import { type Tier, TIERS } from "@hearth/block";
import type { RowSketch } from "@hearth/testing";
import fc from "fast-check";
import {
  ALL,
  ask,
  mergedOnce,
  mergedTo,
  PPROF,
  segment,
  type StoredBlock,
  TREE,
} from "../../test/support/ask-blocks.ts";
import { contentOf } from "../../test/support/read-reports.ts";
import type { LeafQuery, SampleSelector } from "./leaf-request.ts";

const DAY_MS = 86_400_000;
/** Begins a day. */
const START = 19_676 * DAY_MS;
const LEVEL = 3;

const SPAN: SampleSelector = { ...ALL, spanIds: [Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0)] };

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({
    __profile_type__: fc.constantFrom("cpu", "wall"),
    pod: fc.constantFrom("a", "b"),
    service_name: fc.constantFrom("shop", "till"),
  }),
  // Close to each other, mostly, so that there is something to sum.
  timeMs: fc.oneof(fc.integer({ min: 0, max: 3_600_000 }), fc.nat(DAY_MS - 1)).map((ms) => START + ms),
  id: fc.nat(255),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined"),
      fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 2n ** 51n, max: 2n ** 55n })),
      fc.constantFrom(0, 7),
    ),
    { selector: ([stack, , span]) => `${stack}@${span}`, minLength: 1 },
  ),
});
const anyDay = fc.tuple(
  fc.array(anyRow, { minLength: 1, maxLength: 20 }),
  fc.array(anyRow, { minLength: 1, maxLength: 20 }),
);

interface Day {
  readonly sources: readonly StoredBlock[];
  readonly summed: readonly StoredBlock[];
}

/** The sources have rows in common. */
async function summedDay([first, second]: readonly (readonly RowSketch[])[], tier: Tier): Promise<Day> {
  const parts = [first!, [...second!, first![0]!]];
  const merged = await Promise.all(parts.map((rows, number) => mergedTo(LEVEL, [segment(rows, number)])));
  const sources = merged.flat();
  return { sources, summed: await mergedOnce(sources, tier.level) };
}

async function contents(blocks: readonly StoredBlock[], queries: readonly LeafQuery[]): Promise<unknown[]> {
  const { reports } = await ask(blocks, { queries, startMs: START, endMs: START + DAY_MS - 1 });
  return reports.map(contentOf);
}

describe.each(TIERS.filter(({ resolutionMs }) => resolutionMs > 0))("a block summed to $name", (tier) => {
  it("answers flame graphs and profiles of a whole day as its sources do, by rollups or rows", async () => {
    await fc.assert(
      fc.asyncProperty(anyDay, async (rows) => {
        const { sources, summed } = await summedDay(rows, tier);
        const want = await contents(sources, [TREE, PPROF]);
        expect(await contents(summed, [TREE, PPROF])).toEqual(want);
        const { reports } = await ask(summed, { queries: [TREE, PPROF] }, { hidden: true });
        expect(reports.map(contentOf)).toEqual(want);
      }),
      { numRuns: 8 },
    );
  });

  it("knows no spans", async () => {
    const row = { timeMs: START, id: 1, samples: [["main", 5n, 7]] as const };
    const labels = { __profile_type__: "cpu", service_name: "shop" };
    const { sources, summed } = await summedDay([[{ ...row, labels }], [{ ...row, labels, id: 2 }]], tier);
    const question: LeafQuery[] = [{ type: "tree", selector: SPAN }];
    expect(await contents(sources, question)).toEqual([new Map([["main", 10n]])]);
    expect(await contents(summed, question)).toEqual([new Map()]);
  });

  it("shows a bucket at the time of its latest profile", async () => {
    const rows = [1, 2, 3].map((second) => ({
      labels: { __profile_type__: "cpu", service_name: "shop" },
      timeMs: START + second * 1000,
      id: second,
      samples: [["main", BigInt(second)]] as const,
    }));
    const { summed } = await summedDay([rows.slice(0, 2), rows.slice(2)], tier);
    const until = async (endMs: number): Promise<unknown[]> =>
      (await ask(summed, { startMs: START, endMs })).reports.map(contentOf);
    expect(await until(START + 2999)).toEqual([new Map()]);
    expect(await until(START + 3000)).toEqual([new Map([["main", 6n]])]);
  });
});
