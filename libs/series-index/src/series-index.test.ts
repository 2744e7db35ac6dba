import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  buildSeriesIndex,
  distinctLabelSets,
  labelNames,
  labelsOf,
  labelValues,
  selectSeries,
} from "./index.ts";

const anyLabels = fc
  .dictionary(fc.constantFrom("pod", "env", "zone", "__proto__"), fc.constantFrom("a", "b", "ü"))
  .map((labels) => Object.entries(labels).map(([name, value]) => ({ name, value })));
const anySeries = fc
  .array(anyLabels)
  .map((sets) => sets.map((labels, i) => ({ labels, fingerprint: BigInt(i) })));
const anyMatchers = fc.array(
  fc.record({ name: fc.constantFrom("pod", "env", "none"), accepted: fc.subarray(["", "a", "b", "ü"]) }),
  { maxLength: 3 },
);

const valueOf = (labels: readonly { name: string; value: string }[], name: string): string =>
  labels.find((label) => label.name === name)?.value ?? "";

describe("series index", () => {
  it("selects the series that a scan of their labels selects; an absent label is the empty value", () => {
    fc.assert(
      fc.property(anySeries, anyMatchers, (series, wanted) => {
        const index = buildSeriesIndex(series);
        const matchers = wanted.map(({ name, accepted }) => ({
          name,
          matches: (value: string) => accepted.includes(value),
        }));
        const model = [...series.keys()].filter((i) =>
          wanted.every(({ name, accepted }) => accepted.includes(valueOf(series[i]!.labels, name))),
        );
        expect([...selectSeries(index, matchers)]).toEqual(model);
      }),
    );
  });

  it("gives back labels, names, values and label sets of the series asked for, and of no others", () => {
    fc.assert(
      fc.property(anySeries, fc.array(fc.nat(20)), (series, numbers) => {
        const index = buildSeriesIndex(series);
        const asked = [...new Set(numbers)].filter((i) => i < series.length).sort((a, b) => a - b);
        const some = Uint32Array.from(asked);
        const labels = asked.map((i) => series[i]!.labels);
        const names = new Set(labels.flat().map(({ name }) => name));
        expect(asked.map((i) => new Set(labelsOf(index, i)))).toEqual(labels.map((set) => new Set(set)));
        expect(new Set(labelNames(index, some))).toEqual(names);
        expect(new Set(labelValues(index, "pod", some))).toEqual(
          new Set(labels.map((set) => valueOf(set, "pod")).filter((value) => value !== "")),
        );
        expect(distinctLabelSets(index, some, ["env", "pod"]).map((set) => JSON.stringify(set))).toEqual([
          ...new Set(
            labels.map((set) =>
              JSON.stringify(["env", "pod"].flatMap((name) => set.filter((label) => label.name === name))),
            ),
          ),
        ]);
      }),
    );
  });
});
