import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { blockMeta, END_MS, START_MS, testFrontend, type TestFrontend } from "../../test/fakes.ts";
import type { LabelQuery } from "./label-answers.ts";
import { LABEL_SECTIONS } from "./planned-blocks.ts";

const NAMES: LabelQuery = { case: "labelNames", value: {} };
const PODS: LabelQuery = { case: "labelValues", value: { name: "pod" } };
const { signal } = new AbortController();

/** Names or values of series in each block, by its id. */
type Contents = Readonly<Record<string, readonly string[]>>;

function report(query: LabelQuery, contents: Contents, ids: readonly string[]) {
  const all = [...new Set(ids.flatMap((id) => contents[id] ?? []))];
  const byBlock = ids.flatMap((id) => {
    const own = contents[id] ?? [];
    return [own.length, ...own.map((string) => all.indexOf(string))];
  });
  return query.case === "labelNames"
    ? ({ case: "labelNames", value: { names: all, byBlock } } as const)
    : ({ case: "labelValues", value: { values: all, byBlock } } as const);
}

/** Answers as a backend does, and keeps which blocks were read. */
function serve(test: TestFrontend, contentsOf: (query: LabelQuery) => Contents): string[][] {
  const reads: string[][] = [];
  test.backend.answer = ({ blocks = [], queries = [] }) => {
    const query = queries[0]?.query as LabelQuery;
    const ids = blocks.map(({ id = "" }) => id);
    reads.push(ids);
    return report(query, contentsOf(query), ids);
  };
  return reads;
}

function ask(test: TestFrontend, ids: readonly string[], query: LabelQuery, value = "a"): Promise<string[]> {
  test.metastore.blocks = [ids.map((id) => blockMeta({ id }))];
  const matchers = [{ name: "service_name", value }];
  const range = { startMs: START_MS, endMs: END_MS };
  return test.frontend.executor.labels(
    { tenants: ["acme"], range, matchers, sections: LABEL_SECTIONS },
    query,
    signal,
  );
}

const anyContents = fc.dictionary(
  fc.constantFrom("A", "B", "C", "D", "E"),
  fc.uniqueArray(fc.constantFrom("u", "v", "w", "x")),
);
const anyQuestion = fc.record({
  ids: fc.uniqueArray(fc.constantFrom("A", "B", "C", "D", "E")),
  query: fc.constantFrom(NAMES, PODS),
});

describe("labels that are kept by block", () => {
  it("are the same as those read from all blocks, whatever was asked before", async () => {
    await fc.assert(
      fc.asyncProperty(anyContents, anyContents, fc.array(anyQuestion), async (names, pods, questions) => {
        const test = testFrontend({}, { leafBytes: 25 });
        const contentsOf = (query: LabelQuery): Contents => (query.case === "labelNames" ? names : pods);
        serve(test, contentsOf);
        for (const { ids, query } of questions) {
          const want = new Set(ids.flatMap((id) => contentsOf(query)[id] ?? []));
          expect((await ask(test, ids, query)).sort()).toEqual([...want].sort());
        }
      }),
    );
  });

  it("are asked only of blocks that are new", async () => {
    const test = testFrontend();
    const reads = serve(test, () => ({ A: ["u"], B: ["v"] }));
    await ask(test, ["A"], NAMES);
    expect((await ask(test, ["A", "B"], NAMES)).sort()).toEqual(["u", "v"]);
    await ask(test, ["A", "B"], NAMES);
    expect(reads).toEqual([["A"], ["B"]]);
  });

  it.each([
    { name: "other matchers", again: { query: PODS, value: "b" } },
    { name: "another label", again: { query: { ...PODS, value: { name: "node" } }, value: "a" } },
    { name: "names instead of values", again: { query: NAMES, value: "a" } },
  ])("are not those of a question with $name", async ({ again }) => {
    const test = testFrontend();
    const reads = serve(test, () => ({ A: ["u"] }));
    await ask(test, ["A"], PODS, "a");
    await ask(test, ["A"], again.query, again.value);
    expect(reads).toEqual([["A"], ["A"]]);
  });

  it("are not those of other datasets of the same block", async () => {
    const test = testFrontend();
    const reads = serve(test, () => ({ A: ["u"] }));
    const whole = blockMeta({ id: "A" });
    await ask(test, ["A"], NAMES);
    test.metastore.blocks = [[{ ...whole, datasets: [{ ...whole.datasets[0]!, offset: 4096n }] }]];
    const range = { startMs: START_MS, endMs: END_MS };
    const matchers = [{ name: "service_name", value: "a" }];
    await test.frontend.executor.labels(
      { tenants: ["other"], range, matchers, sections: LABEL_SECTIONS },
      NAMES,
      signal,
    );
    expect(reads).toEqual([["A"], ["A"]]);
  });

  it("are given up when a question has too many of them, and right all the same", async () => {
    const test = testFrontend();
    const many = Array.from({ length: 10_000 }, (_, i) => `pod-${i}`);
    const reads = serve(test, () => ({ A: many }));
    expect(await ask(test, ["A"], PODS)).toEqual(many);
    expect(await ask(test, ["A"], PODS)).toEqual(many);
    expect(reads).toEqual([["A"], ["A"]]);
  });

  it.each([
    { name: "of fewer blocks", byBlock: [1, 0] },
    { name: "of more blocks", byBlock: [1, 0, 0, 0] },
    { name: "with a name that is not there", byBlock: [1, 7, 0] },
    { name: "that ends early", byBlock: [0, 3, 0] },
  ])("are refused from a report $name", async ({ byBlock }) => {
    const test = testFrontend();
    test.backend.answer = () => ({ case: "labelNames", value: { names: ["u"], byBlock } });
    await expect(ask(test, ["A", "B"], NAMES)).rejects.toThrow(/labels of other blocks/);
  });
});
