import { describe, expect, it } from "@jest/globals";
import { type BlockMeta, BlockWriter, MemoryPartSink } from "@hearth/block";
import { compileDeletion, type CompiledDeletion, type DataDeletion } from "@hearth/deletions";
import { exactToBigInt } from "@hearth/exact-integers";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";
import { stringAt } from "@hearth/symbols";
import { buildProfileColumns, type RowSketch, sketchRows } from "@hearth/testing";
import { decodeTree } from "@hearth/tree";
import fc from "fast-check";
import { executeLeaf, type LeafDeps } from "./execute-leaf.ts";
import type { LeafQuery, LeafReport } from "./leaf-request.ts";
import { SectionCache } from "./section-cache.ts";
import { SharedTables } from "./shared-tables.ts";

const never = new AbortController().signal;
const START = 1_700_000_000_000;
const ALL = { spanIds: [], traceIds: [], profileIds: [], callSite: [] };

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({ pod: fc.constantFrom("a", "b", "c"), service_name: fc.constant("shop") }),
  timeMs: fc.integer({ min: START, max: START + 9 }),
  timeRestNanos: fc.constantFrom(0, 1),
  id: fc.nat(3),
  samples: fc.uniqueArray(
    fc.tuple(fc.constantFrom("main", "main;work", "idle"), fc.bigInt({ min: 1n, max: 99n })),
    {
      selector: ([stack]) => stack,
      minLength: 1,
    },
  ),
});
const anyRows = fc.uniqueArray(anyRow, {
  selector: ({ labels, timeMs, timeRestNanos, id }) => JSON.stringify([labels, timeMs, timeRestNanos, id]),
  minLength: 1,
  maxLength: 8,
});
const anyDeletion: fc.Arbitrary<DataDeletion> = fc.record({
  number: fc.nat(9),
  tenant: fc.constantFrom("acme", "acme", "other"),
  matchers: fc.constantFrom<DataDeletion["matchers"]>(
    [],
    [{ name: "pod", operator: "=", value: "a" }],
    [{ name: "pod", operator: "=~", value: "a|b" }],
    [{ name: "service_name", operator: "!=", value: "shop" }],
  ),
  startMs: fc.integer({ min: START - 1, max: START + 10 }),
  endMs: fc.integer({ min: START - 1, max: START + 11 }),
});

const QUERIES: readonly LeafQuery[] = [
  { type: "labelNames" },
  { type: "labelValues", name: "pod" },
  { type: "series", labelNames: ["pod"] },
  { type: "tree", selector: ALL },
  { type: "pprof", selector: ALL },
  {
    type: "timeSeries",
    originMs: START - 1,
    stepMs: 3,
    groupBy: ["pod"],
    callSite: [],
    exemplars: true,
  },
];

interface Stored {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

function blockOf(rows: readonly RowSketch[]): Stored {
  const merger = new ProfileMerger();
  merger.add(buildProfileColumns(rows));
  const sink = new MemoryPartSink();
  const writer = new BlockWriter({ tenant: "", shard: 1, level: 0, createdBy: "test" }, sink);
  writer.addDataset("acme", "shop", merger.build());
  return { meta: writer.finish("block"), bytes: sink.build() };
}

async function ask(
  { meta, bytes }: Stored,
  queries: readonly LeafQuery[],
  deletions: readonly CompiledDeletion[],
  startMs = START,
): Promise<readonly LeafReport[]> {
  const deps: LeafDeps = {
    cache: new SectionCache(1 << 20),
    tables: new SharedTables(1 << 20),
    readAhead: 2,
    openBlock: () => ({ read: async (offset, length) => bytes.slice(offset, offset + length) }),
  };
  const request = { tenants: ["acme"], startMs, endMs: START + 9, matchers: [], queries, blocks: [meta] };
  const { reports } = await executeLeaf({ ...request, deletions: new Map([[0, deletions]]) }, deps, never);
  return reports;
}

/** Asked in the slowest way. */
function isDeleted({ labels, timeMs }: RowSketch, deletions: readonly DataDeletion[]): boolean {
  return deletions.some(
    ({ tenant, matchers, startMs, endMs }) =>
      tenant === "acme" &&
      timeMs >= startMs &&
      timeMs < endMs &&
      matchers.every(({ name, operator, value }) => {
        const have = (labels as Record<string, string>)[name] ?? "";
        const isMatch = operator === "=~" ? new RegExp(`^(?:${value})$`, "u").test(have) : have === value;
        return operator === "!=" ? !isMatch : isMatch;
      }),
  );
}

/** What is said of no rows at all. */
const NOTHING = fc.sample(anyRow, { numRuns: 1, seed: 1 })[0]!;

describe("a leaf with deletions", () => {
  it.each(QUERIES.map((query) => ({ query })))(
    "answers $query.type as if deleted rows had never been there",
    async ({ query }) => {
      await fc.assert(
        fc.asyncProperty(anyRows, fc.array(anyDeletion, { maxLength: 3 }), async (rows, deletions) => {
          const left = rows.filter((row) => !isDeleted(row, deletions));
          const got = await ask(blockOf(rows), [query], deletions.map(compileDeletion));
          // Where nothing is left: a block in which no series matches.
          const want =
            left.length > 0
              ? await ask(blockOf(left), [query], [])
              : await ask(blockOf([NOTHING]), [query], [compileDeletion(everything)]);
          expect(normal(got[0]!)).toEqual(normal(want[0]!));
        }),
        { numRuns: 30 },
      );
    },
  );

  it("answers all of them together as each alone", async () => {
    const rows = fc.sample(anyRows, { numRuns: 1, seed: 5 })[0]!;
    const deletions = [
      compileDeletion({ ...everything, matchers: [{ name: "pod", operator: "=", value: "a" }] }),
    ];
    const together = await ask(blockOf(rows), QUERIES, deletions);
    const alone = await Promise.all(QUERIES.map((query) => ask(blockOf(rows), [query], deletions)));
    expect(together.map(normal)).toEqual(alone.map(([report]) => normal(report!)));
  });

  it("tells nothing of a series whose rows are all deleted, though their times lie outside of the query", async () => {
    const at = (pod: string, timeMs: number): RowSketch => ({
      labels: { pod, service_name: "shop" },
      timeMs,
      id: 1,
      samples: [["main", 1n]],
    });
    const rows = [at("a", START), at("a", START + 9), at("b", START + 9)];
    const query = { type: "labelValues", name: "pod" } as const;
    const cut = compileDeletion({ ...everything, endMs: START + 5 });
    const of = async (deletion: CompiledDeletion): Promise<unknown> =>
      (await ask(blockOf(rows), [query], [deletion]))[0];
    expect(await of(cut)).toMatchObject({ values: ["a", "b"] });
    expect(await of({ ...cut, endMs: START + 10, matchers: compileDeletion(podA).matchers })).toMatchObject({
      values: ["b"],
    });
  });
});

const everything: DataDeletion = { number: 1, tenant: "acme", matchers: [], startMs: 0, endMs: 2 ** 50 };
const podA: DataDeletion = { ...everything, matchers: [{ name: "pod", operator: "=", value: "a" }] };

/** What a report says, without the order in which it says it. */
function normal(report: LeafReport): unknown {
  switch (report.type) {
    case "labelNames":
      return report.names.toSorted();
    case "labelValues":
      return report.values.toSorted();
    case "tree":
      return selfByPath(report.tree);
    case "pprof":
      return report.columns.length === 0 ? undefined : samplesOf(report.columns);
    default:
      return report;
  }
}

function selfByPath(bytes: Uint8Array): Map<string, bigint> {
  const tree = decodeTree(bytes);
  const paths: string[] = [""];
  const sums = new Map<string, bigint>();
  for (let node = 1; node < tree.parent.length; node++) {
    paths.push(`${paths[tree.parent[node]!]!};${stringAt(tree.names, tree.name[node]!)}`);
    if (exactToBigInt(tree.self, node) > 0n) sums.set(paths[node]!, exactToBigInt(tree.self, node));
  }
  return sums;
}

function samplesOf(bytes: Uint8Array): string[] {
  const rows = sketchRows(decodeProfileColumns(bytes));
  return rows.flatMap(({ samples }) => samples.map(([stack, value]) => `${stack}=${value}`)).sort();
}
