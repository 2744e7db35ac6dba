import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type QueryBackendSettings = SettingsOf<typeof queryBackendSettings>;

export const queryBackendSettings = defineSettings("Query backend", {
  workerThreads: setting.int({
    flag: "query-backend.worker-threads",
    default: 0,
    min: 0,
    doc: "Threads that read and sum blocks. 0: one less than there are processors, at least one.",
  }),
  cacheBytes: setting.sizeBytes({
    flag: "query-backend.cache-size",
    default: 256 * 2 ** 20,
    doc: "Memory for what is kept of blocks, over all threads: half for decoded sections, a quarter each for the names and the stacks that blocks have in common. 0 keeps nothing.",
  }),
  readAhead: setting.int({
    flag: "query-backend.read-ahead",
    default: 8,
    min: 1,
    doc: "Datasets that one query reads ahead of the one being summed.",
  }),
  maxConcurrentLeaves: setting.int({
    flag: "query-backend.max-concurrent-reads",
    default: 100,
    min: 1,
    doc: "Reads that run at once; one more is refused, for the frontend to try elsewhere.",
  }),
});
