import { buckets, counter, gauge, histogram, type MetricRegistry } from "@hearth/telemetry";

export type MetastoreMetrics = ReturnType<typeof metastoreMetrics>;

/** Every metric of the metastore. */
export function metastoreMetrics(registry: MetricRegistry) {
  return registry.define({
    state: gauge("metastore_raft_state", "1 for the state that the node is in; the others are absent.", [
      "state",
    ]),
    term: gauge("metastore_raft_term", "Term of the log."),
    appliedIndex: gauge("metastore_raft_applied_index", "Index of the last entry that was applied."),
    commitIndex: gauge("metastore_raft_commit_index", "Index of the last entry that cannot be lost."),
    lastIndex: gauge("metastore_raft_last_index", "Index of the last entry of the log."),
    firstIndex: gauge("metastore_raft_first_index", "Index of the first entry that the log still has."),
    applyCommandSeconds: histogram(
      "metastore_raft_apply_command_duration_seconds",
      "From the proposal of a command to its result.",
      buckets.raftSeconds,
    ),
    readIndexWaitSeconds: histogram(
      "metastore_raft_read_index_wait_duration_seconds",
      "Until a read may look at the state.",
      buckets.raftSeconds,
    ),
    logStoreWriteSeconds: histogram(
      "metastore_raft_log_store_write_duration_seconds",
      "Writing a batch of entries and its witness to disk.",
      buckets.raftSeconds,
    ),
    batchEntries: histogram(
      "metastore_raft_log_store_batch_entries",
      "Entries that were written with one sync.",
      [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    ),
    persistSnapshotSeconds: histogram(
      "metastore_boltdb_persist_snapshot_duration_seconds",
      "Writing and verifying a snapshot.",
      buckets.commandSeconds,
    ),
    persistSnapshotBytes: gauge("metastore_boltdb_persist_snapshot_size_bytes", "Size of the last snapshot."),
    snapshotFailures: counter(
      "metastore_raft_snapshot_failures_total",
      "Snapshots that could not be written.",
    ),
    restoreSeconds: histogram(
      "metastore_boltdb_restore_snapshot_duration_seconds",
      "Rebuilding the state from snapshot and log at start.",
      buckets.commandSeconds,
    ),
    fsmApplySeconds: histogram(
      "metastore_fsm_apply_command_duration_seconds",
      "Applying one command to the state.",
      [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.1, 1],
      ["command"],
    ),
    fsmApplyBytes: histogram(
      "metastore_fsm_apply_command_size_bytes",
      "Size of the commands that were applied.",
      [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 8_388_608],
      ["command"],
    ),
    indexBlocks: gauge("metastore_index_blocks", "Blocks that are registered."),
    indexPartitions: gauge("metastore_index_partitions", "Partitions of the index."),
    indexBytes: gauge("metastore_index_size_bytes", "Memory of the records in the index."),
    refusedBlocks: counter("metastore_index_refused_blocks_total", "Blocks whose metadata was not valid."),
    deadLetters: counter(
      "metastore_dlq_recovery_attempts_total",
      "Blocks found in the dead-letter queue, by outcome: registered, invalid or error.",
      ["status"],
    ),
    clampedStamps: counter(
      "metastore_raft_clamped_stamps_total",
      "Times that the wall clock was not believed, since it had run ahead of the steady one.",
    ),
  });
}
