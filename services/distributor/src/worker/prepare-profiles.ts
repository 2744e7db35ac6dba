import {
  preparePprof,
  type PrepareCounts,
  type PrepareInput,
  type RejectedProfile,
} from "../prepare/index.ts";
import { encodeServices, type EncodedService } from "./encoded-service.ts";
import { relabelingOf, type RelabelConfig } from "./relabeling.ts";

/** Profiles of one tenant. */
export interface PrepareTask {
  readonly inputs: readonly PrepareInput[];
  readonly relabel: RelabelConfig;
}

export interface EncodedProfile {
  readonly type: "prepared";
  readonly services: readonly EncodedService[];
  readonly counts: PrepareCounts;
}

export type EncodedOutcome = EncodedProfile | RejectedProfile;

/** What became of each profile, in order. */
export function prepareProfiles({ inputs, relabel }: PrepareTask): EncodedOutcome[] {
  const relabeling = relabelingOf(relabel);
  return inputs.map((input) => {
    const outcome = preparePprof(input, relabeling);
    if (outcome.type === "rejected") return outcome;
    return { type: "prepared", services: encodeServices(outcome.services), counts: outcome.counts };
  });
}
