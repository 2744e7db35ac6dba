import { describe, expect, it } from "@jest/globals";
import { BlockWriter, MemoryPartSink } from "@hearth/block";
import { compileDeletion, type DataDeletion } from "@hearth/deletions";
import { DataLossError } from "@hearth/errors";
import { ProfileMerger } from "@hearth/profile";
import type { LabelMatcher } from "@hearth/series-index";
import { buildProfileColumns, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import {
  ALL,
  ask,
  damaged,
  mergedTo,
  PPROF,
  segment,
  type StoredBlock,
  TREE,
} from "../../test/support/ask-blocks.ts";
import { contentOf } from "../../test/support/read-reports.ts";
import type { LeafQuery, LeafRequest } from "./leaf-request.ts";

const START = 1_700_000_000_000;
const SEGMENTS = 9;

const anyRow = fc.record({
  labels: fc.record({
    __profile_type__: fc.constantFrom("cpu", "cpu", "wall"),
    pod: fc.constantFrom("a", "b"),
    service_name: fc.constantFrom("shop", "shop", "till"),
  }),
  lateMs: fc.nat(7),
  timeRestNanos: fc.constantFrom(0, 1),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined"),
      fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 2n ** 51n, max: 2n ** 55n })),
    ),
    { selector: ([stack]) => stack, minLength: 1 },
  ),
});

const anyPush = fc.record({
  row: anyRow,
  segment: fc.nat(SEGMENTS - 1),
  /** How many segments later it came again. */
  again: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, 2),
});

/** Rows as they were pushed, each into a segment of its time, some of them into a later one too. */
const anyHistory = fc.array(anyPush, { minLength: 10, maxLength: 50 }).map((pushes) =>
  pushes.map(({ row: { lateMs, ...row }, segment, again }, id) => ({
    row: { ...row, id, timeMs: START + segment * 5 + lateMs },
    segments: [segment, Math.min(segment + again, SEGMENTS - 1)],
  })),
);

/** The level of each segment's block, and which are merged together. */
const anyLayout = fc.constantFrom(
  [{ level: 3, segments: [0, 1, 2, 3, 4, 5, 6, 7, 8] }],
  [0, 3, 6].map((first) => ({ level: 2, segments: [first, first + 1, first + 2] })),
  [
    { level: 3, segments: [0, 1, 2] },
    { level: 2, segments: [3, 4] },
    { level: 2, segments: [5, 6] },
    { level: 1, segments: [7] },
    { level: 0, segments: [8] },
  ],
);

const anyMatchers = fc.constantFrom<LabelMatcher[][]>(
  [],
  [labelIs("__profile_type__", "cpu")],
  [labelIs("__profile_type__", "cpu"), labelIs("pod", "a")],
  [labelIs("service_name", "shop"), labelIs("__profile_type__", "wall")],
  [labelIs("pod", "none")],
);

const anyRange = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ startMs: START, endMs: START + 1000 }) },
  fc
    .tuple(fc.nat(52), fc.nat(52))
    .map(([a, b]) => ({ startMs: START + Math.min(a, b), endMs: START + Math.max(a, b) })),
);

/** Mostly none; else of one pod or one service, for a while. */
const anyDeletions: fc.Arbitrary<DataDeletion[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<DataDeletion[]>([]) },
  fc.array(
    fc.record({
      number: fc.nat(9),
      tenant: fc.constantFrom("acme", "acme", "other"),
      matchers: fc.constantFrom<DataDeletion["matchers"]>(
        [{ name: "pod", operator: "=", value: "a" }],
        [{ name: "service_name", operator: "=", value: "till" }],
        [],
      ),
      startMs: fc.nat(52).map((ms) => START + ms),
      endMs: fc.nat(52).map((ms) => START + ms),
    }),
    { minLength: 1, maxLength: 2 },
  ),
);

const anyQueries = fc.constantFrom<LeafQuery[][]>(
  [TREE],
  [PPROF],
  [TREE, PPROF],
  [TREE, { type: "labelNames" }],
  [TREE, { type: "tree", selector: { ...ALL, callSite: ["main"] } }],
  [PPROF, { type: "timeSeries", originMs: START, stepMs: 10, groupBy: [], callSite: [], exemplars: false }],
);

function labelIs(name: string, wanted: string): LabelMatcher {
  return { name, matches: (value) => value === wanted };
}

async function blocksOf(
  history: readonly { row: RowSketch; segments: readonly number[] }[],
  layout: readonly { level: number; segments: number[] }[],
): Promise<StoredBlock[]> {
  const merged = layout.map(({ level, segments }) => {
    const own = segments.flatMap((number) => {
      const rows = history.filter((each) => each.segments.includes(number)).map(({ row }) => row);
      return rows.length > 0 ? [segment(rows, number)] : [];
    });
    return mergedTo(level, own);
  });
  return (await Promise.all(merged)).flat();
}

describe("rollups", () => {
  it("change no answer, whatever was merged, pushed again or asked for", async () => {
    const seen = { used: 0, unused: 0 };
    const question = fc.record({
      matchers: anyMatchers,
      range: anyRange,
      queries: anyQueries,
      deletions: anyDeletions,
    });
    await fc.assert(
      fc.asyncProperty(anyHistory, anyLayout, question, async (history, layout, asked) => {
        const blocks = await blocksOf(history, layout);
        const compiled = asked.deletions.map(compileDeletion);
        const request = {
          matchers: asked.matchers,
          queries: asked.queries,
          deletions: new Map(blocks.map((_, position) => [position, compiled])),
          ...asked.range,
        };
        const [with_, without] = [await ask(blocks, request), await ask(blocks, request, { hidden: true })];
        expect(with_.reports.map(contentOf)).toEqual(without.reports.map(contentOf));
        expect(with_.usage.profileCount).toBe(without.usage.profileCount);
        seen[with_.usage.sampleCount < without.usage.sampleCount ? "used" : "unused"]++;
      }),
      { numRuns: 60 },
    );
    expect(Math.min(seen.used, seen.unused)).toBeGreaterThan(4);
  }, 120_000);

  const row = (id: number, fields: Partial<RowSketch> = {}): RowSketch => ({
    labels: { service_name: "shop", __profile_type__: "cpu", pod: id % 2 === 0 ? "a" : "b" },
    timeMs: START + id,
    id,
    samples: [
      ["main", 1n],
      ["main;work", 5n],
    ],
    ...fields,
  });
  const cpu = [labelIs("__profile_type__", "cpu")];
  const one = (): StoredBlock =>
    rolledUp(
      [1, 2, 3, 4].map((id) => row(id)),
      1,
    );

  it.each([
    { name: "a flame graph", query: TREE, want: ["names", "rollup", "series", "tree"] },
    { name: "a pprof profile", query: PPROF, want: ["names", "rollup", "series", "symbols"] },
  ])("are read for $name, without rows and samples", async ({ query, want }) => {
    const block = damaged(one(), ["profiles", "samples"]);
    const { read, usage, requestCount } = await ask([block], { matchers: cpu, queries: [query] });
    expect([...read].filter((kind) => want.includes(kind)).sort()).toEqual(want);
    expect(requestCount).toBe(1);
    expect(usage).toMatchObject({ profileCount: 4, sampleCount: 2 });
  });

  it.each<{ name: string; request: Partial<LeafRequest> }>([
    { name: "a range that begins later", request: { startMs: START + 2 } },
    { name: "a range whose last millisecond is the block's", request: { endMs: START + 4 } },
    { name: "a matcher that not all series of the type pass", request: { matchers: [labelIs("pod", "a")] } },
    {
      name: "spans",
      request: { queries: [{ type: "tree", selector: { ...ALL, spanIds: [new Uint8Array(8).fill(1)] } }] },
    },
    {
      name: "traces",
      request: { queries: [{ type: "pprof", selector: { ...ALL, traceIds: [new Uint8Array(16).fill(1)] } }] },
    },
    {
      name: "profiles",
      request: {
        queries: [{ type: "tree", selector: { ...ALL, profileIds: [new Uint8Array(16).fill(1)] } }],
      },
    },
    {
      name: "a call site",
      request: { queries: [{ type: "pprof", selector: { ...ALL, callSite: ["main"] } }] },
    },
    {
      name: "another question that needs rows",
      request: {
        queries: [
          TREE,
          { type: "timeSeries", originMs: START, stepMs: 10, groupBy: [], callSite: [], exemplars: false },
        ],
      },
    },
  ])("are not read for $name", async ({ request }) => {
    const { read } = await ask([one()], request);
    expect([...read]).toEqual(expect.arrayContaining(["profiles", "samples"]));
    await expect(ask([damaged(one(), ["samples"])], request)).rejects.toThrow(DataLossError);
  });

  it.each([
    { name: "of a series that was asked for", pod: "a", isRead: true },
    { name: "of a series that was not", pod: "c", isRead: false },
  ])("know nothing of a deletion $name: rows are read is $isRead", async ({ pod, isRead }) => {
    const deletion = compileDeletion({
      number: 1,
      tenant: "acme",
      matchers: [{ name: "pod", operator: "=", value: pod }],
      startMs: START,
      endMs: START + 3,
    });
    const { read, usage } = await ask([one()], { matchers: cpu, deletions: new Map([[0, [deletion]]]) });
    expect(read.has("samples")).toBe(isRead);
    expect(usage.profileCount).toBe(isRead ? 3 : 4);
  });

  it("are read when a series of another type does not match", async () => {
    const other = row(5, { labels: { service_name: "shop", __profile_type__: "wall", pod: "a" } });
    const block = rolledUp([...[1, 2, 3, 4].map((id) => row(id)), other], 1);
    const { read } = await ask([block], { matchers: cpu });
    expect([...read]).not.toContain("samples");
    // That type has none.
    expect([...(await ask([block], {})).read]).toContain("samples");
  });

  it("count a profile once that was pushed again into the next block", async () => {
    const blocks = [
      rolledUp(
        [1, 2, 3].map((id) => row(id)),
        1,
      ),
      rolledUp(
        [3, 4, 5].map((id) => row(id)),
        2,
      ),
    ];
    const { reports, usage } = await ask(blocks, { matchers: cpu });
    expect(contentOf(reports[0]!)).toEqual(
      new Map([
        ["main", 5n],
        ["main;work", 25n],
      ]),
    );
    expect(usage.profileCount).toBe(5);
  });

  it("are read where blocks overlap by other profiles", async () => {
    const blocks = [
      rolledUp(
        [1, 2, 4].map((id) => row(id)),
        1,
      ),
      rolledUp(
        [3, 5, 6].map((id) => row(id)),
        2,
      ),
    ];
    const { read } = await ask(blocks, { matchers: cpu });
    expect([...read]).not.toContain("samples");
  });

  describe("of datasets larger than their ends", () => {
    const COUNT = 9_000;
    const LATE = 200;
    const first = rolledUp(
      Array.from({ length: COUNT }, (_, i) => row(i % 256, { timeMs: START + i })),
      1,
    );

    it.each([
      {
        name: "are read where others overlap their ends alone",
        firstMs: COUNT - LATE,
        stepMs: 1,
        isRead: true,
      },
      { name: "are not read where others overlap more", firstMs: 10, stepMs: 44, isRead: false },
    ])("$name", async ({ firstMs, stepMs, isRead }) => {
      const late = Array.from({ length: LATE }, (_, i) => row(i, { timeMs: START + firstMs + i * stepMs }));
      const blocks = [first, rolledUp(late, 2, { firstIdByte: 1 })];
      const { read, usage } = await ask(blocks, { matchers: cpu });
      expect(read.has("samples")).toBe(!isRead);
      expect(usage.profileCount).toBe(COUNT + LATE);
    });

    it("count a profile once that was pushed again", async () => {
      const late = Array.from({ length: LATE }, (_, i) => row(i, { timeMs: START + COUNT + i - 1 }));
      const again = row((COUNT - 1) % 256, { timeMs: START + COUNT - 1 });
      const { usage } = await ask([first, rolledUp([again, ...late.slice(1)], 2)], { matchers: cpu });
      expect(usage.profileCount).toBe(COUNT + LATE - 1);
    });
  });

  it("are refused when they are damaged", async () => {
    const { meta, bytes } = one();
    const { offset } = meta.datasets[0]!.sections.find(({ kind }) => kind === "rollup")!;
    const damaged = bytes.slice();
    damaged[offset + 5]! ^= 1;
    await expect(ask([{ meta, bytes: damaged }], {})).rejects.toThrow(DataLossError);
  });
});

/** A block of level 2 with one dataset. @param options.firstIdByte - of its profile ids. */
function rolledUp(
  rows: readonly RowSketch[],
  number: number,
  { firstIdByte = 0 }: { firstIdByte?: number } = {},
): StoredBlock {
  const columns = buildProfileColumns(rows);
  for (let i = 0; i < rows.length; i++) columns.rows.profileId[i * 16] = firstIdByte;
  const merger = new ProfileMerger();
  merger.add(columns);
  const sink = new MemoryPartSink();
  const identity = { tenant: "acme", shard: 1, level: 2, createdBy: "" };
  const writer = new BlockWriter(identity, sink, { rollups: true });
  writer.addDataset("acme", "shop", merger.build());
  return { meta: writer.finish(`block-${number}`), bytes: sink.build() };
}
