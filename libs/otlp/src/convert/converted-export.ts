import type { Labels } from "@hearth/labels";
import type { ProfileHead, SampleGroup } from "@hearth/profile";
import type { Symbols } from "@hearth/symbols";

/** An export as rows will be made of it. */
export interface ConvertedExport {
  /** In the order of the export. Those that were rejected, or have nothing to store, are not among them. */
  readonly profiles: readonly ConvertedProfile[];
  /** The dictionary, converted once for all profiles: most use few of its entries. */
  readonly symbols: Symbols;
  /** Profiles that cannot be stored, and why: for `partial_success`. */
  readonly rejections: readonly ProfileRejection[];
  /** Attributes that found no room among the labels of their series. */
  readonly trimmedLabelCount: number;
}

export interface ConvertedProfile {
  /** Number in the export, from 0. */
  readonly index: number;
  readonly head: Omit<ProfileHead, "profileId">;
  /** Without what comes from attributes of samples: for `profileIdOf`. */
  readonly labels: Labels;
  /**
   * Stands for the profile's content in `profileIdOf`. Does not depend on how the dictionary is numbered; of profiles
   * of one export that are equal in all, each has another.
   */
  readonly payload: Uint8Array;
  /** One for each label set; they may differ in `service_name`. */
  readonly groups: readonly SampleGroup[];
}

export interface ProfileRejection {
  /** Number of the profile in the export, from 0. */
  readonly index: number;
  readonly reason: RejectionReason;
  readonly message: string;
}

/** As the counters of discarded profiles name it. */
export type RejectionReason = "malformed_profile" | "samples_limit" | "sample_labels_limit";

/** Limits of the tenant; 0 means none. */
export interface ConvertLimits {
  readonly maxSamplesPerProfile: number;
  readonly maxAttributesPerSample: number;
  /** Deeper stacks keep the frames nearest the root. */
  readonly maxStacktraceDepth: number;
  /** Longer strings keep their end. */
  readonly maxSymbolValueLengthBytes: number;
  /** Attributes that would exceed it are left out; see {@link ConvertedExport.trimmedLabelCount}. */
  readonly maxLabelNamesPerSeries: number;
}

/** A failure of one profile, on the way to its {@link ProfileRejection}. */
export class RejectedProfile extends Error {
  override readonly name = "RejectedProfile";
  readonly reason: RejectionReason;

  constructor(message: string, reason: RejectionReason = "malformed_profile") {
    super(message);
    this.reason = reason;
  }
}
