import type { Label, LabelLimits, Labels } from "@hearth/labels";

/** A pushed profile and what is needed to prepare it: plain data, handed to a worker thread. */
export interface PrepareInput {
  readonly tenant: string;
  /** A pprof profile, gzip or not. */
  readonly body: Uint8Array;
  /** Labels of the series as the client sent them, in any order. */
  readonly labels: readonly Label[];
  readonly nowNanos: bigint;
  readonly limits: PrepareLimits;
  /** Set for `/ingest`, which says beside the profile what Push says in labels. */
  readonly ingest?: IngestHints;
}

/** Limits of the tenant. A size or count of 0 is no limit, but for those of labels. */
export interface PrepareLimits {
  readonly labels: LabelLimits;
  readonly disableLabelSanitization: boolean;
  readonly maxSessionsPerSeries: number;
  readonly maxProfileSizeBytes: number;
  readonly maxProfileStacktraceSamples: number;
  readonly maxProfileStacktraceSampleLabels: number;
  readonly maxProfileStacktraceDepth: number;
  readonly maxProfileSymbolValueLengthBytes: number;
  readonly rejectOlderThanMs: number;
  readonly rejectNewerThanMs: number;
  /** Whether the default relabelling rules hold, of which one is about sample types: see `SeriesLabelRules`. */
  readonly renameWallCpu: boolean;
}

export interface IngestHints {
  readonly spyName: string;
  /** Time of a profile that has none. */
  readonly fromNanos: bigint;
  /** The form's part `sample_type_config`, by sample type. */
  readonly sampleTypeConfig?: ReadonlyMap<string, { readonly displayName?: string }>;
}

/** What rules make of a label set; nothing when they drop it. */
export type Relabel = (labels: Labels) => Labels | undefined;

/** The tenant's rules, compiled. */
export interface Relabeling {
  /** Absent when there are no rules. */
  readonly series?: Relabel | undefined;
  /** Sees the labels of the series with `__type__` and `__unit__`; what it drops is not stored. */
  readonly sampleType?: Relabel | undefined;
}
