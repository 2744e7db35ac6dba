import { availableParallelism } from "node:os";
import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type QueryFrontendSettings = SettingsOf<typeof queryFrontendSettings>;

export const queryFrontendSettings = defineSettings("Query frontend", {
  queryTimeoutMs: setting.durationMs({
    flag: "query-backend.client-timeout",
    default: "30s",
    min: "1ms",
    doc: "A query that takes longer is given up, with everything that it has started.",
  }),
  leafBytes: setting.sizeBytes({
    flag: "query-frontend.read-size",
    default: 64 * 2 ** 20,
    min: 1,
    doc: "About as many bytes one read of a query backend covers. Larger where blocks must be read together.",
  }),
  maxLeaves: setting.int({
    flag: "query-frontend.max-reads-per-query",
    default: 256,
    min: 1,
    doc: "A query is divided into no more reads than this; their size grows instead.",
  }),
  maxConcurrentReads: setting.int({
    flag: "query-frontend.max-concurrent-reads-per-query",
    default: 32,
    min: 1,
    doc: "Reads of one query that run at once.",
  }),
  maxReadBytes: setting.sizeBytes({
    flag: "query-frontend.max-read-bytes-per-query",
    default: 0,
    doc: "Refuse queries that would read more than this from object storage. 0 means no limit.",
  }),
  maxPointsPerSeries: setting.int({
    flag: "query-frontend.max-points-per-series",
    default: 1_000_000,
    min: 1,
    doc: "Refuse time series whose range has more steps than this.",
  }),
  workerMergeBytes: setting.sizeBytes({
    flag: "query-frontend.worker-merge-size",
    default: 256 * 2 ** 10,
    doc: "Partial answers that are larger than this together are merged in a worker thread.",
  }),
  mergeWorkers: setting.int({
    flag: "query-frontend.merge-workers",
    default: 0,
    min: 0,
    doc: "Worker threads that merge large answers. 0: one less than there are processors, at least one.",
  }),
});

/** Threads that merge large answers. The thread that sends them needs a processor, too. */
export function mergeThreads({ mergeWorkers }: Pick<QueryFrontendSettings, "mergeWorkers">): number {
  return mergeWorkers > 0 ? mergeWorkers : Math.max(1, availableParallelism() - 1);
}
