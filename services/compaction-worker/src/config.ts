import { availableParallelism, tmpdir } from "node:os";

import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type CompactionWorkerSettings = SettingsOf<typeof compactionWorkerSettings>;

export const compactionWorkerSettings = defineSettings("Compaction worker", {
  jobConcurrency: setting.int({
    flag: "compaction-worker.job-concurrency",
    yamlAliases: ["compaction_worker.job_capacity"],
    default: 0,
    min: 0,
    doc: "Jobs that run at once. 0: the number of CPUs; half of it, at least one, where the process runs other parts too.",
  }),
  jobPollIntervalMs: setting.durationMs({
    flag: "compaction-worker.job-poll-interval",
    default: "5s",
    min: "100ms",
    doc: "How often the metastore is asked for jobs; also at once when a job is done.",
  }),
  startDelayMs: setting.durationMs({
    flag: "compaction-worker.start-delay",
    default: "10s",
    doc: "How long a process that runs other parts too waits with its first compaction, so that its first pushes and queries need not share its processors.",
  }),
  requestTimeoutMs: setting.durationMs({
    flag: "compaction-worker.request-timeout",
    default: "5s",
    min: "1ms",
    doc: "Time for asking the metastore for jobs.",
  }),
  cleanupMaxDurationMs: setting.durationMs({
    flag: "compaction-worker.cleanup-max-duration",
    default: "15s",
    min: "1ms",
    doc: "Time for deleting the objects of one job.",
  }),
  jobTimeoutMs: setting.durationMs({
    flag: "compaction-worker.job-timeout",
    default: "30m",
    min: "1s",
    doc: "A compaction that takes longer is given up, and counts as failed.",
  }),
  tempDir: setting.string({
    flag: "compaction-worker.temp-dir",
    default: "",
    doc: "Where outputs wait for their upload that are too large for memory. Empty: the folder for temporary files of the system.",
  }),
  maxSourceBytes: setting.sizeBytes({
    flag: "compaction-worker.max-source-bytes",
    default: 256 << 20,
    min: 1 << 20,
    doc: "Bytes of blocks that are compacted at once, over all jobs. A larger job runs alone.",
  }),
  maxBytesPerSecond: setting.sizeBytes({
    flag: "compaction-worker.max-bytes-per-second",
    default: 0,
    doc: "Bytes that compactions read from object storage in a second, and as many that they write. 0: no limit.",
  }),
  niceness: setting.int({
    flag: "compaction-worker.niceness",
    default: 10,
    min: 0,
    max: 19,
    doc: "How far the threads that merge stand back for everything else on the machine, as with nice(1). Linux only.",
  }),
  drainTimeoutMs: setting.durationMs({
    flag: "compaction-worker.drain-timeout",
    default: "30s",
    doc: "How long running jobs may take to finish when the process ends; what is not done then is given back.",
  }),
});

/** Jobs that run at once: the setting, or what 0 stands for. */
export function jobConcurrency(
  settings: Pick<CompactionWorkerSettings, "jobConcurrency">,
  isShared: boolean,
): number {
  const cpus = availableParallelism();
  return settings.jobConcurrency || (isShared ? Math.max(1, Math.floor(cpus / 2)) : cpus);
}

/** How long to wait before the first poll: a process that does nothing else has nobody to wait for. */
export function startDelayMs(
  settings: Pick<CompactionWorkerSettings, "startDelayMs">,
  isShared: boolean,
): number {
  return isShared ? settings.startDelayMs : 0;
}

/** The setting, or what an empty one stands for. */
export function tempDir(settings: Pick<CompactionWorkerSettings, "tempDir">): string {
  return settings.tempDir || tmpdir();
}
