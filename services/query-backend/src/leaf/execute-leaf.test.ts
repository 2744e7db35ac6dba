import { describe, expect, it } from "@jest/globals";
import { type BlockMeta, BlockWriter, MemoryPartSink } from "@hearth/block";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";
import type { LabelMatcher } from "@hearth/series-index";
import { buildProfileColumns, type RowSketch, sketchRows } from "@hearth/testing";
import fc from "fast-check";
import { selfByPath } from "../../test/support/read-reports.ts";
import { executeLeaf, type LeafDeps } from "./execute-leaf.ts";
import type { LeafQuery, LeafReport, LeafRequest, SampleSelector } from "./leaf-request.ts";
import { SectionCache } from "./section-cache.ts";
import { SharedTables } from "./shared-tables.ts";

const never = new AbortController().signal;
const START = 1_700_000_000_000;
const ALL: SampleSelector = { spanIds: [], traceIds: [], profileIds: [], callSite: [] };

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({ pod: fc.constantFrom("a", "b"), service_name: fc.constant("shop") }),
  timeMs: fc.integer({ min: START, max: START + 9 }),
  timeRestNanos: fc.constantFrom(0, 1),
  id: fc.nat(3),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("main", "main;work", "main;work+inlined", "idle"),
      fc.bigInt({ min: 1n, max: 1000n }),
      fc.nat(2),
    ),
    { selector: ([stack]) => stack, minLength: 1 },
  ),
});
/** Blocks of one service, each a list of pushed rows; repeats within and over blocks. */
const anyBlocks = fc.array(fc.array(anyRow, { minLength: 1, maxLength: 5 }), { maxLength: 4 });

function store(blocks: readonly (readonly RowSketch[])[]): { metas: BlockMeta[]; deps: LeafDeps } {
  const finished = blocks.map((rows, i) => {
    const merger = new ProfileMerger();
    merger.add(buildProfileColumns(rows));
    const sink = new MemoryPartSink();
    const writer = new BlockWriter({ tenant: "", shard: 1, level: 0, createdBy: "test" }, sink);
    writer.addDataset("acme", "shop", merger.build());
    const meta = writer.finish(`block-${i}`);
    return { meta, bytes: sink.build() };
  });
  const objects = new Map(finished.map(({ meta, bytes }) => [meta.id, bytes]));
  const deps: LeafDeps = {
    cache: new SectionCache(1 << 20),
    tables: new SharedTables(1 << 20),
    readAhead: 2,
    openBlock: ({ id }) => ({
      read: (offset, length) => Promise.resolve(objects.get(id)!.slice(offset, offset + length)),
    }),
  };
  return { metas: finished.map(({ meta }) => meta), deps };
}

async function ask(
  blocks: readonly (readonly RowSketch[])[],
  query: LeafQuery,
  request: Partial<LeafRequest> = {},
): Promise<LeafReport> {
  const { metas, deps } = store(blocks);
  const whole = {
    tenants: ["acme"],
    startMs: START,
    endMs: START + 9,
    matchers: [],
    queries: [query],
    blocks: metas,
    deletions: new Map(),
    ...request,
  };
  const { reports } = await executeLeaf(whole, deps, never);
  return reports[0]!;
}

const timeNanos = (row: RowSketch): bigint =>
  BigInt(row.timeMs) * 1_000_000n + BigInt(row.timeRestNanos ?? 0);

/** The rows that count: each (series, time, id) once, in the range. */
function countedRows(blocks: readonly (readonly RowSketch[])[], endMs = START + 9): RowSketch[] {
  const identity = (row: RowSketch): string =>
    `${row.labels["pod"]}/${row.timeMs}/${row.timeRestNanos}/${row.id}`;
  const distinct = new Map<string, RowSketch>();
  for (const row of blocks.flat()) if (!distinct.has(identity(row))) distinct.set(identity(row), row);
  return [...distinct.values()].filter((row) => timeNanos(row) <= BigInt(endMs) * 1_000_000n);
}

function sumByStack(
  rows: readonly RowSketch[],
  accepts: (sample: RowSketch["samples"][number]) => boolean,
): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const sample of rows.flatMap((row) => row.samples).filter(accepts)) {
    const stack = sample[0].replaceAll("+", ";");
    sums.set(stack, (sums.get(stack) ?? 0n) + sample[1]);
  }
  return sums;
}

const podIs = (pod: string): LabelMatcher => ({ name: "pod", matches: (value) => value === pod });

describe("executeLeaf", () => {
  it("sums a tree over blocks, each profile once, whatever was pushed twice", async () => {
    await fc.assert(
      fc.asyncProperty(anyBlocks, async (blocks) => {
        const report = await ask(sameRowsSameSamples(blocks), { type: "tree", selector: ALL });
        expect(selfByPath(report)).toEqual(sumByStack(countedRows(sameRowsSameSamples(blocks)), () => true));
      }),
      { numRuns: 60 },
    );
  });

  it("counts rows up to the very end of the range and none after it", async () => {
    await fc.assert(
      fc.asyncProperty(anyBlocks, fc.nat(9), async (blocks, length) => {
        const endMs = START + length;
        const report = await ask(sameRowsSameSamples(blocks), { type: "tree", selector: ALL }, { endMs });
        expect(selfByPath(report)).toEqual(
          sumByStack(countedRows(sameRowsSameSamples(blocks), endMs), () => true),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("counts each row once when its time is cut between two leaves", async () => {
    await fc.assert(
      fc.asyncProperty(anyBlocks, fc.integer({ min: 1, max: 9 }), async (blocks, length) => {
        const cutMs = START + length;
        const rows = sameRowsSameSamples(blocks);
        const parts = [{ endMs: cutMs - 1 + 0.5 }, { startMs: cutMs }];
        const sums = new Map<string, bigint>();
        for (const part of parts) {
          for (const [path, sum] of selfByPath(await ask(rows, { type: "tree", selector: ALL }, part)))
            sums.set(path, (sums.get(path) ?? 0n) + sum);
        }
        expect(sums).toEqual(sumByStack(countedRows(rows), () => true));
      }),
      { numRuns: 60 },
    );
  });

  const pod = (row: RowSketch): string => row.labels["pod"]!;
  const blocks: RowSketch[][] = [
    [
      {
        labels: { pod: "a", service_name: "shop" },
        timeMs: START,
        id: 1,
        samples: [
          ["main;work", 5n, 7],
          ["main", 2n],
        ],
      },
      { labels: { pod: "b", service_name: "shop" }, timeMs: START + 3, id: 2, samples: [["main;work", 3n]] },
    ],
    [
      {
        labels: { pod: "a", service_name: "shop" },
        timeMs: START + 5,
        id: 3,
        samples: [
          ["main;work;deep", 11n, 9],
          ["idle", 1n],
        ],
      },
    ],
  ];

  it.each([
    {
      name: "matchers choose series",
      request: { matchers: [podIs("b")] },
      selector: ALL,
      want: { "main;work": 3n },
    },
    {
      name: "a span chooses samples",
      request: {},
      selector: { ...ALL, spanIds: [Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)] },
      want: { "main;work;deep": 11n },
    },
    {
      name: "the zero span is no span",
      request: {},
      selector: { ...ALL, spanIds: [new Uint8Array(8)] },
      want: {},
    },
    {
      name: "a trace that no sample has finds nothing",
      request: {},
      selector: { ...ALL, traceIds: [new Uint8Array(16).fill(1)] },
      want: {},
    },
    {
      name: "a profile id chooses its rows",
      request: {},
      selector: { ...ALL, profileIds: [Uint8Array.from([...Array<number>(15).fill(0), 2])] },
      want: { "main;work": 3n },
    },
    {
      name: "a call site keeps itself and what it calls",
      request: {},
      selector: { ...ALL, callSite: ["main", "work"] },
      want: { "main;work": 8n, "main;work;deep": 11n },
    },
    {
      name: "a call site begins at the root",
      request: {},
      selector: { ...ALL, callSite: ["work"] },
      want: {},
    },
  ])("tree: $name", async ({ request, selector, want }) => {
    expect(selfByPath(await ask(blocks, { type: "tree", selector }, request))).toEqual(
      new Map(Object.entries(want)),
    );
  });

  it("pprof: sums samples by stack trace and carries their symbols", async () => {
    const report = await ask(blocks, { type: "pprof", selector: ALL });
    const [row] = sketchRows(
      decodeProfileColumns((report as Extract<LeafReport, { type: "pprof" }>).columns),
    );
    expect(new Map(row!.samples.map(([stack, value]) => [stack, value]))).toEqual(
      sumByStack(blocks.flat(), () => true),
    );
  });

  it("time series: a bucket ends at its edge, inclusive, and groups are the values of the labels asked for", async () => {
    const query = {
      type: "timeSeries",
      originMs: START,
      stepMs: 3,
      groupBy: ["pod"],
      callSite: [],
      exemplars: false,
    } as const;
    expect(await ask(blocks, query)).toEqual({
      type: "timeSeries",
      series: [
        {
          labels: [{ name: "pod", value: "a" }],
          buckets: [0, 2],
          sums: [7, 12],
          counts: [1, 1],
          exemplars: [],
        },
        { labels: [{ name: "pod", value: "b" }], buckets: [1], sums: [3], counts: [1], exemplars: [] },
      ],
    });
  });

  it("time series: an exemplar is the highest profile of its point, with the labels that are not grouped by", async () => {
    const query = {
      type: "timeSeries",
      originMs: START + 9,
      stepMs: 9,
      groupBy: [],
      callSite: [],
      exemplars: true,
    } as const;
    const report = (await ask(blocks, query)) as Extract<LeafReport, { type: "timeSeries" }>;
    expect(report.series[0]!.exemplars).toMatchObject([
      {
        bucket: 0,
        timeMs: START + 5,
        value: 12,
        labels: [
          { name: "pod", value: "a" },
          { name: "service_name", value: "shop" },
        ],
      },
    ]);
  });

  it.each([
    {
      query: { type: "labelNames" } as const,
      want: { type: "labelNames", names: ["pod", "service_name"], byBlock: [2, 0, 1, 2, 0, 1] },
    },
    {
      query: { type: "labelValues", name: "pod" } as const,
      want: { type: "labelValues", values: ["a", "b"], byBlock: [2, 0, 1, 1, 0] },
    },
    {
      query: { type: "labelValues", name: "none" } as const,
      want: { type: "labelValues", values: [], byBlock: [0, 0] },
    },
    {
      query: { type: "series", labelNames: ["pod"] } as const,
      want: {
        type: "series",
        labelSets: [...new Set(blocks.flat().map(pod))].map((value) => [{ name: "pod", value }]),
      },
    },
  ])("labels: $query", async ({ query, want }) => {
    expect(await ask(blocks, query)).toEqual(want);
  });

  it("tells of each block what asking about it alone would tell", async () => {
    const anyLabels = fc.constantFrom<LeafQuery[]>(
      { type: "labelNames" },
      { type: "labelValues", name: "pod" },
    );
    const anyMatchers = fc.constantFrom<LabelMatcher[][]>(
      [],
      [{ name: "pod", matches: (value) => value === "b" }],
    );
    await fc.assert(
      fc.asyncProperty(anyBlocks, anyLabels, anyMatchers, async (blocks, query, matchers) => {
        const alone = await Promise.all(blocks.map((block) => ask([block], query, { matchers })));
        const together = await ask(blocks, query, { matchers });
        expect(stringsByBlock(together)).toEqual(alone.flatMap(stringsByBlock));
      }),
    );
  });

  it("answers several queries over the same rows, each as if it were alone", async () => {
    const { metas, deps } = store(blocks);
    const queries: LeafQuery[] = [
      { type: "tree", selector: { ...ALL, callSite: ["main", "work"] } },
      { type: "tree", selector: ALL },
      { type: "pprof", selector: ALL },
      { type: "labelNames" },
    ];
    const request = {
      tenants: ["acme"],
      startMs: START,
      endMs: START + 9,
      matchers: [],
      queries,
      blocks: metas,
      deletions: new Map(),
    };
    const together = await executeLeaf(request, deps, never);
    const alone = await Promise.all(queries.map((query) => ask(blocks, query)));
    expect(together.reports).toEqual(alone);
  });

  it("refuses a dataset of a tenant that was not asked for", async () => {
    await expect(ask(blocks, { type: "labelNames" }, { tenants: ["other"] })).rejects.toThrow(
      /tenant that was not asked for/,
    );
  });

  it("stops when it is cancelled", async () => {
    const { metas, deps } = store(blocks);
    const reason = new Error("enough");
    const request = {
      tenants: ["acme"],
      startMs: START,
      endMs: START + 9,
      matchers: [],
      queries: [{ type: "labelNames" } as const],
      blocks: metas,
      deletions: new Map(),
    };
    await expect(executeLeaf(request, deps, AbortSignal.abort(reason))).rejects.toThrow("enough");
  });
});

/** Sorted names or values of each block. */
function stringsByBlock(report: LeafReport): string[][] {
  const { strings, byBlock } =
    report.type === "labelNames"
      ? { strings: report.names, byBlock: report.byBlock }
      : { strings: (report as LabelValues).values, byBlock: (report as LabelValues).byBlock };
  const blocks: string[][] = [];
  for (let at = 0; at < byBlock.length; at += 1 + byBlock[at]!) {
    const indexes = byBlock.slice(at + 1, at + 1 + byBlock[at]!);
    blocks.push(indexes.map((index) => strings[index]!).sort());
  }
  return blocks;
}

type LabelValues = Extract<LeafReport, { type: "labelValues" }>;

/** Rows of one identity get the samples of the first, as a repeated push has. */
function sameRowsSameSamples(blocks: readonly (readonly RowSketch[])[]): RowSketch[][] {
  const first = new Map<string, RowSketch>();
  return blocks.map((rows) =>
    rows.map((row) => {
      const key = `${row.labels["pod"]}/${row.timeMs}/${row.timeRestNanos}/${row.id}`;
      const known = first.get(key) ?? row;
      first.set(key, known);
      return known;
    }),
  );
}
