import { Arena } from "@hearth/arena";
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

/**
 * What became of each profile, in order.
 *
 * @param arena - the thread's own: each profile takes all of it. What is returned does not lie in it.
 */
export function prepareProfiles(
  { inputs, relabel }: PrepareTask,
  arena: Arena = new Arena(),
): EncodedOutcome[] {
  const relabeling = relabelingOf(relabel);
  return inputs.map((input) => {
    arena.reset();
    const outcome = preparePprof(input, relabeling, arena);
    if (outcome.type === "rejected") return outcome;
    return { type: "prepared", services: encodeServices(outcome.services), counts: outcome.counts };
  });
}
