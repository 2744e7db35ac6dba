import { describe, expect, it } from "@jest/globals";
import { UsageGroups } from "./usage-groups.ts";

const labels = [
  { name: "namespace", value: "shop" },
  { name: "service_name", value: "cart" },
];

describe("usage groups of a series", () => {
  it.each([
    { name: "the selector matches", groups: { a: '{namespace="shop"}' }, want: ["a"] },
    { name: "it does not", groups: { a: '{namespace="bank"}' }, want: [] },
    { name: "several match", groups: { b: "{}", a: '{service_name=~"c.*"}' }, want: ["b", "a"] },
    { name: "one matcher of two does not", groups: { a: '{namespace="shop",service_name="x"}' }, want: [] },
    { name: "a label that is not there is excluded", groups: { a: '{pod!="x"}' }, want: [] },
    { name: "a label that is not there may be empty", groups: { a: '{pod=~".*"}' }, want: [] },
    { name: "another value is excluded", groups: { a: '{namespace!="bank"}' }, want: ["a"] },
    { name: "the name has a label", groups: { "n/${labels.namespace}": "{}" }, want: ["n/shop"] },
    { name: "the name has a label that is not there", groups: { "p/${labels.pod}": "{}" }, want: [] },
  ])("when $name: $want", ({ groups, want }) => {
    expect(new UsageGroups(groups).of(labels).map(({ name }) => name)).toEqual(want);
  });

  it("keep the name by which they are configured", () => {
    const groups = new UsageGroups({ "n/${labels.namespace}": "{}" });
    expect(groups.of(labels)).toEqual([{ name: "n/shop", configuredName: "n/${labels.namespace}" }]);
  });
});
