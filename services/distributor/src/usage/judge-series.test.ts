import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { probabilityOf, UsageJudge, type UsageRules } from "./judge-series.ts";

const none: UsageRules = {
  groups: {},
  probabilities: {},
  throttled: [],
  exhausted: [],
  keepStripped: false,
};
const groups = { web: '{namespace="shop"}', "n/${labels.namespace}": "{}" };
const labels = [{ name: "namespace", value: "shop" }];

const judge = (rules: Partial<UsageRules>, draw = 0.5) =>
  new UsageJudge({ ...none, ...rules }).judge(labels, draw);

describe("the judgement on a series", () => {
  it("without groups is to keep it", () => {
    expect(judge({})).toEqual({ fate: "keep", groups: [], throttledBy: [] });
  });

  it("names its groups, labels filled in", () => {
    expect(judge({ groups })).toMatchObject({ fate: "keep", groups: ["web", "n/shop"] });
  });

  it.each([
    { name: "in the sample", draw: 0.24, rules: {}, want: "keep" },
    { name: "not in the sample", draw: 0.25, rules: {}, want: "drop" },
    { name: "not in the sample, totals wanted", draw: 0.25, rules: { keepStripped: true }, want: "strip" },
    {
      name: "in a group of which all is kept",
      draw: 0.9999,
      rules: { probabilities: { web: 1 } },
      want: "keep",
    },
    {
      name: "in a group of which nothing is kept",
      draw: 0,
      rules: { probabilities: { web: 0 } },
      want: "drop",
    },
    { name: "in none of the sampled groups", draw: 0.99, rules: { probabilities: { db: 0 } }, want: "keep" },
  ])("follows the draw: $name", ({ draw, rules, want }) => {
    const sampled = { groups, probabilities: { web: 0.25 }, ...rules };
    expect(judge(sampled, draw).fate).toBe(want);
  });

  it.each([
    { name: "by the name of a group", throttled: ["web"], want: ["web"] },
    { name: "by a name as filled in", throttled: ["n/shop"], want: ["n/shop"] },
    {
      name: "by a name as configured",
      throttled: ["n/${labels.namespace}"],
      want: ["n/${labels.namespace}"],
    },
    {
      name: "as filled in before as configured",
      throttled: ["n/${labels.namespace}", "n/shop"],
      want: ["n/shop"],
    },
    { name: "in another group", throttled: ["n/bank", "db"], want: [] },
  ])("says which of its groups are over their quota: $name", ({ throttled, want }) => {
    expect(judge({ groups, throttled })).toMatchObject({ fate: "keep", throttledBy: want });
  });

  it("is a refusal when nothing of a group passes, whatever the draw", () => {
    const rules = { groups, throttled: ["web"], exhausted: ["web"], probabilities: { web: 0 } };
    expect(judge(rules, 0)).toMatchObject({ fate: "refuse", throttledBy: ["web"] });
  });
});

describe("the probability of several groups", () => {
  const a = { name: "a", configuredName: "a" };
  const b = { name: "b", configuredName: "b" };
  const shop = { name: "n/shop", configuredName: "n/${labels.namespace}" };

  it.each([
    { name: "none has one", matched: [a, shop], probabilities: {}, want: 1 },
    { name: "the lowest counts", matched: [a, b], probabilities: { a: 0.5, b: 0.1 }, want: 0.1 },
    { name: "a name as filled in counts", matched: [shop], probabilities: { "n/shop": 0.3 }, want: 0.3 },
    {
      name: "it counts before the name as configured",
      matched: [shop],
      probabilities: { "n/shop": 0.3, "n/${labels.namespace}": 0.2 },
      want: 0.3,
    },
    {
      name: "a name without labels counts before one with",
      matched: [shop, a],
      probabilities: { a: 0.9, "n/${labels.namespace}": 0.2 },
      want: 0.9,
    },
    {
      name: "names of Object are no probabilities",
      matched: [{ name: "constructor", configuredName: "constructor" }],
      probabilities: {},
      want: 1,
    },
  ])("$name", ({ matched, probabilities, want }) => {
    expect(probabilityOf(matched, probabilities)).toBe(want);
  });

  it("does not depend on their order", () => {
    const anyGroup = fc.constantFrom(a, b, shop, { name: "n/bank", configuredName: "n/${labels.namespace}" });
    const anyProbability = fc.double({ min: 0, max: 1, noNaN: true });
    const anyName = fc.constantFrom("a", "b", "n/shop", "n/bank", "n/${labels.namespace}");
    fc.assert(
      fc.property(fc.array(anyGroup), fc.dictionary(anyName, anyProbability), (matched, probabilities) => {
        expect(probabilityOf(matched.toReversed(), probabilities)).toBe(
          probabilityOf(matched, probabilities),
        );
      }),
    );
  });
});
