import { writeFileSync } from "node:fs";

import { goldenFlags } from "../support/server-process.ts";

/**
 * Everything that takes minutes or hours in earnest takes seconds: the more often something is made durable, merged or deleted, the
 * more often a crash falls into the middle of it.
 */
const SETTINGS = `
metastore:
  levels:
    - { maxblocks: 5, maxage: 1s }
    - { maxblocks: 3, maxage: 3s }
    - { maxblocks: 3, maxage: 6s }
  cleanupdelay: 4s
`;

/** Longer than a push may take, from its upload to its dead letter, on a machine that has other work. */
export const ORPHAN_GRACE_MS = 15_000;

/** Flags of every process of a run. @param dir - folder of its data; the settings are put beside it. */
export function durabilityFlags(dir: string): readonly string[] {
  const file = `${dir}-settings.yaml`;
  writeFileSync(file, SETTINGS);
  return [
    ...goldenFlags,
    `-config.file=${file}`,
    "-segment-writer.segment-duration=60ms",
    "-metastore.raft.snapshot-threshold=8",
    "-metastore.raft.snapshot-interval=1s",
    "-metastore.raft.trailing-logs=4",
    "-metastore.compaction-job-lease-duration=2s",
    "-metastore.index.dlq-recovery-check-interval=500ms",
    "-metastore.index.orphan-sweep-interval=1s",
    `-metastore.index.orphan-grace-period=${ORPHAN_GRACE_MS}ms`,
    // A run is shorter than what the index does not vouch for at its beginning.
    "-metastore.index.orphan-include-old=true",
    "-compaction-worker.start-delay=0s",
    "-compaction-worker.job-poll-interval=300ms",
  ];
}
