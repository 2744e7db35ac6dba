import type { BlockMeta } from "@hearth/block";
import type { CompiledDeletion } from "@hearth/deletions";
import type { LabelMatcher } from "@hearth/series-index";

/** What one leaf of a plan asks: all queries see the same rows. */
export interface LeafRequest {
  /** Datasets of other tenants are a programming error upstream: they are refused, not read. */
  readonly tenants: readonly string[];
  /** Unix milliseconds, both inclusive. An end between two milliseconds comes after all rows of the earlier one. */
  readonly startMs: number;
  readonly endMs: number;
  /** A conjunction over series labels. */
  readonly matchers: readonly LabelMatcher[];
  readonly queries: readonly LeafQuery[];
  readonly blocks: readonly BlockMeta[];
  /** By position of a block: rows of it that these cover do not count. */
  readonly deletions: ReadonlyMap<number, readonly CompiledDeletion[]>;
}

export type LeafQuery =
  | { readonly type: "labelNames" }
  | { readonly type: "labelValues"; readonly name: string }
  | { readonly type: "series"; readonly labelNames: readonly string[] }
  | TimeSeriesQuery
  | TreeQuery
  | PprofQuery;

export interface TimeSeriesQuery {
  readonly type: "timeSeries";
  /** Bucket `k` ends at `originMs + k · stepMs`, inclusive. */
  readonly originMs: number;
  readonly stepMs: number;
  readonly groupBy: readonly string[];
  readonly callSite: readonly string[];
  readonly exemplars: boolean;
}

export interface TreeQuery {
  readonly type: "tree";
  readonly selector: SampleSelector;
}

export interface PprofQuery {
  readonly type: "pprof";
  readonly selector: SampleSelector;
}

/** Narrows a query to some samples; an empty list does not narrow. */
export interface SampleSelector {
  /** 8 bytes each. */
  readonly spanIds: readonly Uint8Array[];
  /** 16 bytes each. */
  readonly traceIds: readonly Uint8Array[];
  /** 16 bytes each. */
  readonly profileIds: readonly Uint8Array[];
  /** Function names, root first, that a stack must begin with. */
  readonly callSite: readonly string[];
}

export type LeafReport =
  /** `byBlock`: for each block the number of its names, then their indexes. */
  | { readonly type: "labelNames"; readonly names: readonly string[]; readonly byBlock: readonly number[] }
  | { readonly type: "labelValues"; readonly values: readonly string[]; readonly byBlock: readonly number[] }
  | { readonly type: "series"; readonly labelSets: readonly LabelSet[] }
  | { readonly type: "timeSeries"; readonly series: readonly TimeSeries[] }
  /** A tree as `@hearth/tree` encodes it. */
  | { readonly type: "tree"; readonly tree: Uint8Array }
  /** Profile columns with one row, as `@hearth/profile` encodes them; no bytes when no series matched. */
  | { readonly type: "pprof"; readonly columns: Uint8Array };

export type LabelSet = readonly { readonly name: string; readonly value: string }[];

export interface TimeSeries {
  /** In the order of `groupBy`. */
  readonly labels: LabelSet;
  /** Ascending, with the sum and the number of profiles in each. */
  readonly buckets: readonly number[];
  readonly sums: readonly number[];
  readonly counts: readonly number[];
  readonly exemplars: readonly Exemplar[];
}

export interface Exemplar {
  readonly bucket: number;
  readonly timeMs: number;
  /** 16 bytes. */
  readonly profileId: Uint8Array;
  readonly value: number;
  /** Labels of the series that are not in `groupBy`. */
  readonly labels: LabelSet;
}

/** What answering a leaf took. */
export interface LeafUsage {
  readonly fetchedBytes: number;
  readonly profileCount: number;
  readonly sampleCount: number;
}
