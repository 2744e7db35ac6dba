export { metastoreSettings, type MetastoreSettings } from "./config.ts";
export { Metastore, type MetastoreDeps } from "./service.ts";
export type { LogRole, LogStatus } from "./replicated-log/replicated-log.ts";
export {
  defaultRebuildSettings,
  rebuildIndex,
  type RebuildDeps,
  type RebuildObserver,
  type RebuildSettings,
} from "./rebuild/rebuild-index.ts";
export {
  exitCodeOf,
  progressLine,
  summaryText,
  type RebuildCounts,
  type RebuildSummary,
} from "./rebuild/progress.ts";
export type { Refusal, RefusalKind } from "./rebuild/judge-object.ts";
export { hasPeers } from "./raft-group/group-settings.ts";
export { recoverMetastore, type RecoverMetastoreDeps } from "./lost-majority/recover-metastore.ts";
export type { RecoveryOutcome, RecoveryStep } from "./lost-majority/recover-node.ts";
export { outcomeText, recoveryExitCode, stepText } from "./lost-majority/recovery-text.ts";
