import { describe, expect, it } from "@jest/globals";
import { labelSet } from "@hearth/labels";
import { compileDeletion, coversLabels, type DataDeletion } from "./data-deletion.ts";
import { deletionFromWire, deletionsOfBlock, deletionToWire } from "./deletion-codec.ts";

const deletion: DataDeletion = {
  number: 7,
  tenant: "acme",
  matchers: [
    { name: "service_name", operator: "=", value: "shop" },
    { name: "pod", operator: "=~", value: "a.*" },
    { name: "zone", operator: "!=", value: "x" },
    { name: "env", operator: "!~", value: "dev|test" },
  ],
  startMs: 1,
  endMs: 2 ** 50,
};

describe("a deletion", () => {
  it("comes back from the wire as it went", () => {
    expect(deletionFromWire(deletionToWire(deletion))).toEqual(deletion);
  });

  it("is refused when a number does not fit", () => {
    const wire = { ...deletionToWire(deletion), endTimeMs: 2n ** 60n };
    expect(() => deletionFromWire(wire)).toThrow("end_time_ms=1152921504606846976");
  });

  it.each([
    { labels: { service_name: "shop", pod: "a1" }, want: true },
    { labels: { service_name: "shop", pod: "a1", zone: "x" }, want: false },
    { labels: { service_name: "shop", pod: "b1" }, want: false },
    { labels: { service_name: "shop" }, want: false },
    { labels: { service_name: "shop", pod: "a1", env: "dev" }, want: false },
    { labels: { service_name: "bank", pod: "a1" }, want: false },
  ])("covers the series by all of its matchers: $labels", ({ labels, want }) => {
    const series = labelSet(Object.entries(labels).map(([name, value]) => ({ name, value })));
    expect(coversLabels(compileDeletion(deletion).matchers, series)).toBe(want);
  });

  it("covers every series without matchers", () => {
    expect(coversLabels([], [])).toBe(true);
  });

  it("is found for its blocks by position", () => {
    const links = [{ $typeName: "hearth.metastore.v1.BlockDeletions" as const, block: 3, deletions: [1, 0] }];
    expect(deletionsOfBlock(links, ["x", "y"])).toEqual(new Map([[3, ["y", "x"]]]));
    expect(() => deletionsOfBlock(links, ["x"])).toThrow("position=1");
  });
});
