/** Entry of a distributor's worker thread: prepares pushed profiles and encodes their columns. */
import { encodeProfileColumns } from "@hearth/profile";
import { transferring, workerTask } from "@hearth/worker-pool";
import {
  preparePprof,
  type PrepareCounts,
  type PrepareInput,
  type PrepareOutcome,
  type RejectedProfile,
} from "../prepare/index.ts";
import { relabelingOf, type RelabelConfig } from "./relabeling.ts";

/** Profiles of one tenant. */
export interface PrepareTask {
  readonly inputs: readonly PrepareInput[];
  readonly relabel: RelabelConfig;
}

/** A prepared profile with its columns encoded, so that they move between threads and processes without being touched. */
export interface EncodedProfile {
  readonly type: "prepared";
  readonly services: readonly EncodedService[];
  readonly counts: PrepareCounts;
}

export interface EncodedService {
  readonly serviceName: string;
  /** xxHash64 of the labels of the first series: which shard of the service it goes to. */
  readonly fingerprint: bigint;
  readonly rowCount: number;
  readonly columns: Uint8Array<ArrayBuffer>;
}

export type EncodedOutcome = EncodedProfile | RejectedProfile;

export const prepare = workerTask(({ inputs, relabel }: PrepareTask) => {
  const relabeling = relabelingOf(relabel);
  const outcomes = inputs.map((input) => encode(preparePprof(input, relabeling)));
  return transferring(outcomes, outcomes.flatMap(buffersOf));
});

function encode(outcome: PrepareOutcome): EncodedOutcome {
  if (outcome.type === "rejected") return outcome;
  const services = outcome.services.map(({ serviceName, profile }) => ({
    serviceName,
    fingerprint: profile.series[0]?.fingerprint ?? 0n,
    rowCount: profile.rows.count,
    columns: encodeProfileColumns(profile),
  }));
  return { type: "prepared", services, counts: outcome.counts };
}

function buffersOf(outcome: EncodedOutcome): ArrayBuffer[] {
  return outcome.type === "rejected" ? [] : outcome.services.map(({ columns }) => columns.buffer);
}
