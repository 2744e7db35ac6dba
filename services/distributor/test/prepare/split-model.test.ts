import { labelValue, withLabels } from "@hearth/labels";
import { buildPprof, type PprofSketch, type SampleSketch } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import type { Relabeling } from "../../src/prepare/index.ts";
import { prepared, rowsOf, type RowView } from "./prepared-view.ts";

/**
 * Splitting and summing, against a model of objects and maps: for each sample type and label set the sum of each stack
 * and span. Rows and samples are compared without their order.
 */

const sampleTypes: PprofSketch["sampleTypes"] = [
  ["objects", "count"],
  ["space", "bytes"],
];

const value = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt(0n, 5n) },
  { weight: 1, arbitrary: fc.bigInt(2n ** 51n, 2n ** 58n) },
  { weight: 1, arbitrary: fc.bigInt(-3n, -1n) },
);
const spanId = fc.constantFrom("00000000000000aa", "00000000000000bb", "0000000000000000", "no hex");
const sample: fc.Arbitrary<SampleSketch> = fc.record({
  stack: fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }),
  values: fc.tuple(value, value),
  labels: fc.record(
    {
      job: fc.constantFrom("x", "y", ""),
      pod: fc.constantFrom("from the sample"),
      span_id: spanId,
      trace_id: fc.constantFrom("4bf92f3577b34da6a3ce929d0e0e4736"),
    },
    { requiredKeys: [] },
  ),
});
const samples = fc.array(sample, { maxLength: 30 });

const seriesLabels = { __name__: "memory", service_name: "shop", pod: "p1" };

/** Rules to try: what they make of the job of a sample, and whether the set stays. */
const rules = {
  none: { relabeling: {}, jobOf: (job: string) => job, keeps: () => true },
  "without job": {
    relabeling: { series: (labels) => withLabels(labels, { job: "" }) },
    jobOf: () => "",
    keeps: () => true,
  },
  "only job x": {
    relabeling: { series: (labels) => (labelValue(labels, "job") === "x" ? labels : undefined) },
    jobOf: (job: string) => job,
    keeps: (job: string) => job === "x",
  },
} satisfies Record<
  string,
  { relabeling: Relabeling; jobOf: (job: string) => string; keeps: (job: string) => boolean }
>;

function model(all: readonly SampleSketch[], rule: (typeof rules)[keyof typeof rules]): RowView[] {
  const rows = new Map<string, { view: Omit<RowView, "samples">; sums: Map<string, bigint> }>();
  for (const { stack, values, labels = {} } of all) {
    const job = labels["job"] ?? "";
    if (values.some((each) => each < 0) || !rule.keeps(job)) continue;
    const newJob = rule.jobOf(job);
    const labelText = `__name__=memory ${newJob === "" ? "" : `job=${newJob} `}pod=p1 service_name=shop`;
    const span = /^0+[ab]{2}$/u.test(labels["span_id"] ?? "") ? labels["span_id"] : undefined;
    const key = [stack.map(String).join(";"), span, labels["trace_id"]]
      .filter((part) => part !== undefined && part !== "")
      .join(" ");
    for (const [index, [type, unit]] of sampleTypes.entries()) {
      if (BigInt(values[index]!) === 0n) continue;
      const view = { labels: labelText, profileType: `memory:${type}:${unit}::` };
      const rowKey = JSON.stringify(view);
      const row = rows.get(rowKey) ?? { view, sums: new Map<string, bigint>() };
      rows.set(rowKey, row);
      row.sums.set(key, (row.sums.get(key) ?? 0n) + BigInt(values[index]!));
    }
  }
  return sorted(
    Array.from(rows.values(), ({ view, sums }) => ({ ...view, samples: Object.fromEntries(sums) })),
  );
}

function sorted(rows: readonly RowView[]): RowView[] {
  const key = ({ profileType, labels }: RowView): string => `${profileType} ${labels}`;
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const rowsFor = (all: readonly SampleSketch[], relabeling: Relabeling): RowView[] =>
  sorted(rowsOf(prepared(buildPprof({ sampleTypes, samples: all }), { labels: seriesLabels }, relabeling)));

describe("splitting and summing", () => {
  it.each(Object.entries(rules))("is what the model says, with rules: %s", (_, rule) => {
    fc.assert(
      fc.property(samples, (all) => {
        expect(rowsFor(all, rule.relabeling)).toEqual(model(all, rule));
      }),
    );
  });

  it("does not depend on the order of samples", () => {
    const shuffled = samples.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        expect(rowsFor(other, {})).toEqual(rowsFor(all, {}));
      }),
    );
  });

  it("loses nothing: the totals of the rows are those of the samples", () => {
    fc.assert(
      fc.property(samples, (all) => {
        const kept = all.filter(({ values }) => values.every((each) => each >= 0));
        const sent = kept.reduce(
          (sum, { values }) => sum + values.reduce((a: bigint, b) => a + BigInt(b), 0n),
          0n,
        );
        const stored = rowsFor(all, {}).flatMap((row) => Object.values(row.samples));
        expect(stored.reduce((a, b) => a + b, 0n)).toBe(sent);
      }),
    );
  });
});
