import { labelValue, type Labels } from "@hearth/labels";
import type { PprofProfile } from "@hearth/pprof";
import type { UsageVerdict } from "../usage/judge-series.ts";
import type { PreparedProfile } from "./prepared-profile.ts";

/** A profile of which nothing is stored, by the rules of its usage groups. */
export function leftOut(
  usage: UsageVerdict,
  profile: { readonly labels: Labels; readonly pprof: PprofProfile; readonly payload: Uint8Array },
): PreparedProfile {
  const counts = {
    decompressedSizeBytes: profile.payload.length,
    profileName: labelValue(profile.labels, "__name__"),
    language: "",
    receivedSamples: profile.pprof.samples.count,
    negativeSamples: 0,
    zeroSamples: 0,
    unresolvedSamples: 0,
    relabelDroppedSamples: 0,
    droppedSampleTypes: 0,
    numericLabels: 0,
    badSpanIds: 0,
    truncatedStacks: 0,
    truncatedStrings: 0,
    repairedStacks: 0,
  };
  return { type: "prepared", services: [], counts, usage };
}
