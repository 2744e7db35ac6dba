import { describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { combineQueryLimits, type QueryLimits } from "./combine-limits.ts";
import { limitsSettings } from "./limits-schema.ts";

const defaults: QueryLimits = defaultsOf(limitsSettings);

describe("the limits of a query for several tenants", () => {
  it.each([
    { limit: "maxQueryLookbackMs", values: [5, 3], want: 3 },
    { limit: "maxQueryLookbackMs", values: [0, 3], want: 3 },
    { limit: "maxQueryLookbackMs", values: [0, 0], want: 0 },
    { limit: "maxQueryLengthMs", values: [7, 0, 4], want: 4 },
    { limit: "maxFlamegraphNodesDefault", values: [0, 9], want: 9 },
    { limit: "maxFlamegraphNodesMax", values: [8, 9], want: 8 },
    { limit: "maxFlamegraphNodesOnSelectMergeProfile", values: [false, true], want: true },
    { limit: "maxAsyncQueryConcurrency", values: [5, 0], want: 0 },
    { limit: "queryTreeEnabled", values: [false, true], want: true },
    { limit: "querySanitizeOnMerge", values: [true, false], want: true },
    { limit: "querySanitizeOnMerge", values: [false, true], want: false },
    { limit: "queryAnalysisEnabled", values: [true, false], want: false },
    { limit: "includeStrippedProfiles", values: [true, false], want: false },
    { limit: "includeStrippedProfiles", values: [true, true], want: true },
    { limit: "symbolizerEnabled", values: [true, false], want: false },
    { limit: "symbolizerSymbolRefTreesEnabled", values: [false, true], want: false },
    { limit: "symbolizerMaxUnresolvedLocations", values: [5, 9], want: 9 },
    { limit: "symbolizerMaxUnresolvedLocations", values: [5, 0], want: 0 },
  ] as const)("$limit of $values is $want", ({ limit, values, want }) => {
    const tenants = values.map((value): QueryLimits => ({ ...defaults, [limit]: value }));
    expect(combineQueryLimits(tenants)[limit]).toBe(want);
  });

  it("are the limits of the tenant if it is one", () => {
    expect(defaults).toMatchObject({ ...combineQueryLimits([defaults]) });
  });

  it("are for at least one tenant", () => {
    expect(() => combineQueryLimits([])).toThrow("at least one tenant");
  });
});
