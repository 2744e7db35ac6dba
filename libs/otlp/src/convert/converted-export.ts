import type { Labels } from "@hearth/labels";
import type { ProfileHead, SampleGroup } from "@hearth/profile";
import type { Symbols } from "@hearth/symbols";

/** An export as rows will be made of it. */
export interface ConvertedExport {
  /** In the order of the export. Those that were rejected, or have nothing to store, are not among them. */
  readonly profiles: readonly ConvertedProfile[];
  /** The dictionary, converted once for all profiles: most use few of its entries. */
  readonly symbols: Symbols;
  /** The first {@link MAX_REJECTIONS} profiles that cannot be stored, and why: for `partial_success`. */
  readonly rejections: readonly ProfileRejection[];
  readonly counts: ConvertCounts;
}

/** For metrics and logs. */
export interface ConvertCounts {
  readonly receivedProfiles: number;
  /** How many profiles cannot be stored. */
  readonly rejectedProfiles: number;
  readonly receivedSamples: number;
  /** Samples whose value is below 0; they are left out. */
  readonly negativeSamples: number;
  /** Samples whose value is 0; they are left out. */
  readonly zeroSamples: number;
  /** Samples whose label set the tenant's rules dropped. */
  readonly relabelDroppedSamples: number;
  /** Attributes that found no room among the labels of their series; each label set counts once. */
  readonly trimmedLabels: number;
  /** Stacks that were deeper than the limit, and cut. */
  readonly truncatedStacks: number;
}

/** What the tenant's rules make of a label set: another one, nothing (its samples are dropped), or a refusal. */
export type PrepareLabels = (labels: Labels) => Labels | undefined | LabelRefusal;

export interface LabelRefusal {
  /** As the counters of discarded profiles name it. */
  readonly reason: string;
  readonly message: string;
}

/** How many rejections are told one by one; all are counted. */
export const MAX_REJECTIONS = 1000;

export interface ConvertedProfile {
  /** Number in the export, from 0. */
  readonly index: number;
  readonly head: Omit<ProfileHead, "profileId">;
  /** Of the first group: for messages. */
  readonly labels: Labels;
  /**
   * Stands for the profile in `profileIdOf`: its samples, and the attributes of its resource and scope. Does not depend
   * on how the dictionary is numbered; of profiles of one export that are equal in all, each has another.
   */
  readonly payload: Uint8Array;
  /** One for each label set, which are distinct; they may differ in `service_name`. */
  readonly groups: readonly SampleGroup[];
}

export interface ProfileRejection {
  /** Number of the profile in the export, from 0. */
  readonly index: number;
  /**
   * As the counters of discarded profiles name it: `malformed_profile`, `samples_limit`, `sample_labels_limit`, or what
   * {@link LabelRefusal} said.
   */
  readonly reason: string;
  readonly message: string;
}

/** Limits of the tenant; 0 means none. */
export interface ConvertLimits {
  readonly maxSamplesPerProfile: number;
  readonly maxAttributesPerSample: number;
  /** Deeper stacks keep the frames nearest the root. */
  readonly maxStacktraceDepth: number;
  /** Longer strings keep their end. */
  readonly maxSymbolValueLengthBytes: number;
  /** Attributes that would exceed it are left out; see {@link ConvertCounts.trimmedLabels}. */
  readonly maxLabelNamesPerSeries: number;
}

/**
 * A failure of one profile, on the way to its {@link ProfileRejection}. Not an `Error`: of those the stack trace costs
 * more than all else when many profiles are bad.
 */
export class RejectedProfile {
  readonly message: string;
  readonly reason: string;

  constructor(message: string, reason = "malformed_profile") {
    this.message = message;
    this.reason = reason;
  }
}
