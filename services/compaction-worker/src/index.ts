export type { JobSource } from "./compaction-worker.ts";
export { compactionWorkerSettings, type CompactionWorkerSettings } from "./config.ts";
export { CompactionWorkerService, type CompactionWorkerServiceDeps } from "./service.ts";
