import { availableParallelism } from "node:os";
import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type DistributorSettings = SettingsOf<typeof distributorSettings>;

export const distributorSettings = defineSettings("Distributor", {
  pushTimeoutMs: setting.durationMs({
    flag: "distributor.push.timeout",
    default: "10s",
    min: "1ms",
    doc: "How long storing a push may take. Then the client is told to try again.",
  }),
  workerThreads: setting.int({
    flag: "distributor.worker-threads",
    default: 0,
    min: 0,
    doc: "Threads that decode profiles. 0: one less than there are processors, at least one. In one process with the segment writer both share their threads: the greater of the two numbers.",
  }),
  maxQueuedProfiles: setting.int({
    flag: "distributor.max-queued-profiles",
    default: 4096,
    min: 1,
    doc: "Decoding tasks that may wait for a thread; one more is refused, for the client to try again.",
  }),
});

/** Threads that decode profiles. The thread that receives them needs a processor, too. */
export function decodingThreads({ workerThreads }: DistributorSettings): number {
  return workerThreads > 0 ? workerThreads : Math.max(1, availableParallelism() - 1);
}
