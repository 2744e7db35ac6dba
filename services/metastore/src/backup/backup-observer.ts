import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import type { MetastoreMetrics } from "../metrics.ts";
import type { BackupObserver } from "./snapshot-backup.ts";

/** Counts what becomes of copies, and logs it. */
export function backupObserver(deps: {
  readonly metrics: MetastoreMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}): BackupObserver {
  const { metrics, logger, clock } = deps;
  const isInBucket = (): void => metrics.snapshotCopySeconds.set(clock.nowMs() / 1000);
  return {
    onStored({ key, sizeBytes, elapsedMs }) {
      metrics.snapshotCopies.inc({ status: "stored" });
      metrics.snapshotCopyBytes.set(sizeBytes);
      isInBucket();
      logger.info("snapshot is copied to the bucket", { key, sizeBytes, elapsedMs: Math.round(elapsedMs) });
    },
    onPresent() {
      metrics.snapshotCopies.inc({ status: "present" });
      isInBucket();
    },
    onFailure(error) {
      metrics.snapshotCopies.inc({ status: "error" });
      logger.warn("snapshot could not be copied to the bucket", { error });
    },
    onRemovalFailure(error) {
      metrics.snapshotCopyRemovalFailures.inc();
      logger.warn("old copies of snapshots could not be removed from the bucket", { error });
    },
  };
}
