import { Arena } from "@hearth/arena";
import {
  preparePprof,
  type PrepareCounts,
  type PrepareInput,
  type RejectedProfile,
} from "../prepare/index.ts";
import { encodeServices, type EncodedService } from "./encoded-service.ts";
import type { UsageVerdict } from "../usage/judge-series.ts";
import { relabelingOf, type RelabelConfig } from "./relabeling.ts";
import { judgeOf, type UsageTask } from "./usage-judge.ts";

/** Profiles of one tenant. */
export interface PrepareTask {
  readonly inputs: readonly PrepareInput[];
  readonly relabel: RelabelConfig;
  /** Absent when the tenant has no rules about usage groups. */
  readonly usage?: UsageTask | undefined;
}

export interface EncodedProfile {
  readonly type: "prepared";
  readonly services: readonly EncodedService[];
  readonly counts: PrepareCounts;
  readonly usage?: UsageVerdict | undefined;
}

export type EncodedOutcome = EncodedProfile | RejectedProfile;

/**
 * What became of each profile, in order.
 *
 * @param arena - the thread's own: each profile takes all of it. What is returned does not lie in it.
 */
export function prepareProfiles(
  { inputs, relabel, usage }: PrepareTask,
  arena: Arena = new Arena(),
): EncodedOutcome[] {
  const relabeling = relabelingOf(relabel);
  const judge = usage && judgeOf(usage);
  return inputs.map((input) => {
    arena.reset();
    const outcome = preparePprof(input, relabeling, { memory: arena, judge });
    return outcome.type === "rejected" ? outcome : { ...outcome, services: encodeServices(outcome.services) };
  });
}
