import { describe, expect, it } from "@jest/globals";
import {
  createRelabeler,
  formatLabels,
  labelSet,
  withDefaultRules,
  type DefaultRulesPosition,
  type RelabelRule,
} from "./index.ts";

type Pairs = Record<string, string>;

function relabeled(pairs: Pairs, rules: readonly RelabelRule[]): string | undefined {
  const labels = labelSet(Object.entries(pairs).map(([name, value]) => ({ name, value })));
  const result = createRelabeler(rules).relabel(labels);
  return result && formatLabels(result);
}

const labels: Pairs = { a: "foo", b: "bar", c: "baz" };

describe("relabelling", () => {
  // Cases after Prometheus' documentation of each action.
  it.each<{ name: string; rules: RelabelRule[]; want: string | undefined; from?: Pairs }>([
    {
      name: "replace writes groups",
      rules: [{ sourceLabels: ["a"], regex: "f(.*)", targetLabel: "d", replacement: "ch${1}-ch${1}" }],
      want: '{a="foo", b="bar", c="baz", d="choo-choo"}',
    },
    {
      name: "replace joins its sources",
      rules: [{ sourceLabels: ["a", "b"], targetLabel: "a", regex: "(o+)?f?o*;(.*)", replacement: "$2" }],
      want: '{a="bar", b="bar", c="baz"}',
    },
    {
      name: "replace leaves what does not match",
      rules: [{ sourceLabels: ["a"], regex: "o", targetLabel: "d", replacement: "x" }],
      want: '{a="foo", b="bar", c="baz"}',
    },
    {
      name: "replace with nothing removes",
      rules: [{ sourceLabels: ["a"], regex: ".*", targetLabel: "a", replacement: "$9" }],
      want: '{b="bar", c="baz"}',
    },
    {
      name: "replace by names of groups, and a target from groups",
      rules: [
        {
          sourceLabels: ["a"],
          regex: "(?P<first>.).*",
          targetLabel: "${first}_x",
          replacement: "$$${first}",
        },
      ],
      want: '{a="foo", b="bar", c="baz", f_x="$f"}',
    },
    {
      name: "keep",
      rules: [{ action: "keep", sourceLabels: ["a"], regex: "foo" }],
      want: '{a="foo", b="bar", c="baz"}',
    },
    {
      name: "keep drops the rest",
      rules: [{ action: "keep", sourceLabels: ["a"], regex: "fo" }],
      want: undefined,
    },
    {
      name: "drop",
      rules: [{ action: "drop", sourceLabels: ["a", "b"], regex: "foo;bar" }],
      want: undefined,
    },
    {
      name: "drop keeps the rest",
      rules: [{ action: "drop", sourceLabels: ["a"], regex: "x" }],
      want: '{a="foo", b="bar", c="baz"}',
    },
    {
      name: "a dropped set sees no later rule",
      rules: [
        { action: "drop", sourceLabels: ["a"], regex: "foo" },
        { targetLabel: "d", replacement: "x" },
      ],
      want: undefined,
    },
    {
      name: "keepequal",
      rules: [{ action: "keepequal", sourceLabels: ["a"], targetLabel: "b" }],
      want: undefined,
    },
    {
      name: "dropequal",
      rules: [{ action: "dropequal", sourceLabels: ["a"], targetLabel: "a" }],
      want: undefined,
    },
    {
      name: "hashmod",
      rules: [{ action: "hashmod", sourceLabels: ["c"], targetLabel: "d", modulus: 1000 }],
      want: '{a="foo", b="bar", c="baz", d="976"}',
    },
    {
      name: "hashmod of joined values",
      from: { a: "foo\nbar" },
      rules: [{ action: "hashmod", sourceLabels: ["a"], targetLabel: "b", modulus: 1000 }],
      want: '{a="foo\\nbar", b="734"}',
    },
    {
      name: "labelmap copies under new names, once",
      rules: [{ action: "labelmap", regex: "(b.*|a)", replacement: "b${1}" }],
      want: '{a="foo", b="bar", ba="foo", bb="bar", c="baz"}',
    },
    { name: "labeldrop", rules: [{ action: "labeldrop", regex: "a|b" }], want: '{c="baz"}' },
    { name: "labelkeep", rules: [{ action: "labelkeep", regex: "a|b" }], want: '{a="foo", b="bar"}' },
    {
      name: "lowercase and uppercase",
      rules: [
        { action: "uppercase", sourceLabels: ["a"], targetLabel: "d" },
        { action: "lowercase", sourceLabels: ["d"], targetLabel: "e" },
      ],
      want: '{a="foo", b="bar", c="baz", d="FOO", e="foo"}',
    },
    {
      name: "names may be any UTF-8",
      rules: [{ sourceLabels: ["a"], targetLabel: "grün.x" }],
      want: '{a="foo", b="bar", c="baz", grün.x="foo"}',
    },
    { name: "no labels left", rules: [{ action: "labeldrop", regex: ".*" }], want: "{}" },
  ])("$name", ({ rules, want, from = labels }) => {
    expect(relabeled(from, rules)).toBe(want);
  });

  it.each<{ name: string; rule: RelabelRule; want: string }>([
    {
      name: "a target is missing",
      rule: { sourceLabels: ["a"] },
      want: "relabel rule 0: action replace requires target_label",
    },
    { name: "a modulus is missing", rule: { action: "hashmod", targetLabel: "a" }, want: "requires modulus" },
    { name: "the regex is none", rule: { targetLabel: "a", regex: "(" }, want: "error parsing regexp" },
  ])("is refused when $name", ({ rule, want }) => {
    expect(() => createRelabeler([rule])).toThrow(want);
  });
});

describe("the default rules", () => {
  it("take the prefix of Go's delta profiles off", () => {
    expect(relabeled({ __name__: "godeltaprof_memory" }, withDefaultRules([], "first"))).toBe(
      '{__delta__="false", __name__="memory", __name_replaced__="godeltaprof_memory"}',
    );
  });

  it("call the CPU time in a profile of wall time process_cpu", () => {
    expect(relabeled({ __name__: "wall", __type__: "cpu" }, withDefaultRules([], "last"))).toBe(
      '{__name__="process_cpu", __name_replaced__="wall", __type__="cpu"}',
    );
  });

  it.each<{ position: DefaultRulesPosition; want: string }>([
    {
      position: "first",
      want: '{__delta__="false", __name__="memory", __name_replaced__="godeltaprof_memory", seen="memory"}',
    },
    {
      position: "last",
      want: '{__delta__="false", __name__="memory", __name_replaced__="godeltaprof_memory", seen="godeltaprof_memory"}',
    },
    { position: "disabled", want: '{__name__="godeltaprof_memory", seen="godeltaprof_memory"}' },
  ])("stand $position", ({ position, want }) => {
    const rules: RelabelRule[] = [{ sourceLabels: ["__name__"], targetLabel: "seen" }];
    expect(relabeled({ __name__: "godeltaprof_memory" }, withDefaultRules(rules, position))).toBe(want);
  });
});
