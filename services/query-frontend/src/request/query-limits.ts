/** What a tenant may ask; of several tenants the strictest. 0 means no limit, unless it says otherwise. */
export interface QueryLimits {
  /** Longest range of one query. */
  readonly maxQueryLengthMs: number;
  /** How far back queries see. */
  readonly maxQueryLookbackMs: number;
  /** Nodes of a flame graph that does not say how many; 0 for all. */
  readonly maxFlamegraphNodesDefault: number;
  /** Most nodes that a query may ask for. */
  readonly maxFlamegraphNodesMax: number;
  /** Whether the two limits above also hold for pprof answers. */
  readonly maxFlamegraphNodesOnSelectMergeProfile: boolean;
  /** Whether time series count profiles whose stacks were stripped by sampling. */
  readonly includeStrippedProfiles: boolean;
}
