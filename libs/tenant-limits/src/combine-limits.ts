import { invariant } from "@hearth/errors";
import type { TenantLimits } from "./limits-schema.ts";

/** The limits that matter to a query, which may be for several tenants. */
export type QueryLimits = Pick<
  TenantLimits,
  | "maxQueryLookbackMs"
  | "maxQueryLengthMs"
  | "maxFlamegraphNodesDefault"
  | "maxFlamegraphNodesMax"
  | "maxFlamegraphNodesOnSelectMergeProfile"
  | "maxAsyncQueryConcurrency"
  | "querySanitizeOnMerge"
  | "queryTreeEnabled"
  | "queryAnalysisEnabled"
  | "queryAnalysisSeriesEnabled"
  | "includeStrippedProfiles"
  | "symbolizerEnabled"
  | "symbolizerSymbolRefTreesEnabled"
  | "symbolizerMaxUnresolvedLocations"
>;

/**
 * The limits of a query for several tenants: the strictest of their numbers; what costs something or shows more only
 * if all of them have it.
 *
 * @param tenants - the limits of the tenants, in the order in which the tenants are sorted; at least one.
 */
export function combineQueryLimits(tenants: readonly QueryLimits[]): QueryLimits {
  const [first] = tenants;
  invariant(first !== undefined, "limits are combined for at least one tenant");
  return {
    maxQueryLookbackMs: smallestPositive(tenants.map((limits) => limits.maxQueryLookbackMs)),
    maxQueryLengthMs: smallestPositive(tenants.map((limits) => limits.maxQueryLengthMs)),
    maxFlamegraphNodesDefault: smallestPositive(tenants.map((limits) => limits.maxFlamegraphNodesDefault)),
    maxFlamegraphNodesMax: smallestPositive(tenants.map((limits) => limits.maxFlamegraphNodesMax)),
    maxFlamegraphNodesOnSelectMergeProfile: tenants.some(
      (limits) => limits.maxFlamegraphNodesOnSelectMergeProfile,
    ),
    // Here 0 does not mean "no limit" but "none".
    maxAsyncQueryConcurrency: Math.min(...tenants.map((limits) => limits.maxAsyncQueryConcurrency)),
    querySanitizeOnMerge: first.querySanitizeOnMerge,
    queryTreeEnabled: tenants.some((limits) => limits.queryTreeEnabled),
    queryAnalysisEnabled: tenants.every((limits) => limits.queryAnalysisEnabled),
    queryAnalysisSeriesEnabled: tenants.every((limits) => limits.queryAnalysisSeriesEnabled),
    includeStrippedProfiles: tenants.every((limits) => limits.includeStrippedProfiles),
    symbolizerEnabled: tenants.every((limits) => limits.symbolizerEnabled),
    symbolizerSymbolRefTreesEnabled: tenants.every((limits) => limits.symbolizerSymbolRefTreesEnabled),
    symbolizerMaxUnresolvedLocations: largestOrUnlimited(
      tenants.map((limits) => limits.symbolizerMaxUnresolvedLocations),
    ),
  };
}

/** 0 means "no limit", so it loses against any other. */
function smallestPositive(values: readonly number[]): number {
  const positive = values.filter((value) => value > 0);
  return positive.length === 0 ? 0 : Math.min(...positive);
}

/** 0 means "no limit", so it wins against any other. */
function largestOrUnlimited(values: readonly number[]): number {
  return values.includes(0) ? 0 : Math.max(...values);
}
