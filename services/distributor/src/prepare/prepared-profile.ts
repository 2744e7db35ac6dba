import type { LabelReason } from "@hearth/labels";
import type { ProfileColumns } from "@hearth/profile";
import type { UsageVerdict } from "../usage/judge-series.ts";

/** `reason` of the counters of discarded profiles. */
export type DiscardReason =
  | LabelReason
  | "malformed_profile"
  | "not_in_ingestion_window"
  | "profile_size_limit"
  | "samples_limit"
  | "sample_labels_limit"
  | "dropped_by_relabel_rules";

/** What became of a pushed profile: plain data, handed back by a worker thread. */
export type PrepareOutcome = PreparedProfile | RejectedProfile;

export interface PreparedProfile {
  readonly type: "prepared";
  /** Nothing when no sample was left to store, which is no error. */
  readonly services: readonly ServiceProfile[];
  readonly counts: PrepareCounts;
  /** Absent when the tenant has no rules about usage groups. */
  readonly usage?: UsageVerdict | undefined;
}

export interface ServiceProfile {
  /** The label `service_name` of all its series. */
  readonly serviceName: string;
  readonly profile: ProfileColumns;
}

/** The client is told, with `invalid_argument`. */
export interface RejectedProfile {
  readonly type: "rejected";
  readonly reason: DiscardReason;
  readonly message: string;
  /** Whether the bytes are no profile at all, rather than one that breaks a rule. */
  readonly isUnreadable: boolean;
  /** 0 when decompression failed. */
  readonly decompressedSizeBytes: number;
  /** Absent, too, when it was refused before its labels were known. */
  readonly usage?: UsageVerdict | undefined;
}

/** For metrics and logs. */
export interface PrepareCounts {
  readonly decompressedSizeBytes: number;
  /** The label `__name__` of what came. */
  readonly profileName: string;
  readonly language: string;
  readonly receivedSamples: number;
  /** Samples with a negative value. */
  readonly negativeSamples: number;
  /** Samples with only zeros in the sample types that are kept. */
  readonly zeroSamples: number;
  /** Samples with a location that the profile does not have, or that says nothing. */
  readonly unresolvedSamples: number;
  /** Samples that the tenant's relabelling rules dropped. */
  readonly relabelDroppedSamples: number;
  /** Sample types that the tenant's rules dropped. */
  readonly droppedSampleTypes: number;
  /** Labels of samples that are numbers, which are not stored. */
  readonly numericLabels: number;
  /** `span_id` and `trace_id` that are not hex of the right length; the samples are kept without. */
  readonly badSpanIds: number;
  /** Stacks that were deeper than the limit, and cut. */
  readonly truncatedStacks: number;
  /** Strings that were longer than the limit, and cut. */
  readonly truncatedStrings: number;
  /** Stacks that the Go runtime had cut, and that were mended. */
  readonly repairedStacks: number;
}
