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
    logStoreWriteTimeouts: counter(
      "metastore_raft_log_store_write_timeouts_total",
      "Writes of the log that took longer than ten seconds, whether they came back or not.",
    ),
    alarms: counter(
      "metastore_raft_alarms_total",
      "What somebody should look at, by kind: this node is corrupt or failed, a peer lost what it acknowledged (peer-log-regression), the state of a node differs from that of the quorum (state-diverged), or states differ and none has a quorum (state-undecided).",
      ["kind"],
    ),
    stateChecks: counter(
      "metastore_raft_state_checks_total",
      "Checkpoints at which the leader compared the states of the nodes, by outcome: equal, diverged, undecided or unknown (too few have the checkpoint).",
      ["outcome"],
    ),
    leaderChanges: counter("metastore_raft_leader_changes_total", "Leaders that this node has learned of."),
    elections: counter(
      "metastore_raft_elections_total",
      "Elections that this node stood for, by reason: timeout or transfer.",
      ["reason"],
    ),
    peerMatchIndex: gauge(
      "metastore_raft_peer_match_index",
      "Of the leader: how far a peer's log is known to be the same, and on its disk.",
      ["peer"],
    ),
    peerState: gauge(
      "metastore_raft_peer_state",
      "Of the leader: 1 for the state that a peer is in (probe, replicate, snapshot); the others are absent.",
      ["peer", "state"],
    ),
    peerInFlight: gauge(
      "metastore_raft_peer_inflight_messages",
      "Of the leader: messages with entries that a peer has not answered.",
      ["peer"],
    ),
    peerRegressed: gauge(
      "metastore_raft_peer_regressed",
      "Of the leader: 1 for a peer that lost what it had acknowledged, and so does not count.",
      ["peer"],
    ),
    transportFrames: counter("metastore_raft_transport_frames_total", "Frames between nodes.", ["direction"]),
    transportBytes: counter("metastore_raft_transport_bytes_total", "Size of these frames.", ["direction"]),
    transportDropped: counter(
      "metastore_raft_transport_dropped_messages_total",
      "Messages of this node that will not arrive.",
      ["reason"],
    ),
    transportRefused: counter(
      "metastore_raft_transport_refused_requests_total",
      "Requests of other nodes that were not taken: foreign or invalid.",
      ["reason"],
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
    snapshotCopies: counter(
      "metastore_backup_snapshots_total",
      "Snapshots to be copied to the bucket, by outcome: stored, present (it is there already) or error.",
      ["status"],
    ),
    snapshotCopyBytes: gauge("metastore_backup_snapshot_size_bytes", "Size of the last copy."),
    snapshotCopySeconds: gauge(
      "metastore_backup_last_success_timestamp_seconds",
      "When the newest snapshot was last known to be in the bucket.",
    ),
    snapshotCopyRemovalFailures: counter(
      "metastore_backup_removal_failures_total",
      "Old copies that could not be removed from the bucket.",
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
    tombstones: gauge(
      "metastore_index_tombstones",
      "Blocks that left the index, by tenant and by what is left of them: stored (their objects are to be deleted) or deleted (remembered, so that they cannot come back).",
      ["tenant", "type"],
    ),
    deletionsInForce: gauge("metastore_deletions_current", "Deletions on request that are in force."),
    deletionBlocks: gauge(
      "metastore_deletion_blocks_current",
      "Blocks with profiles that were deleted on request: to be written anew.",
    ),
    queuedJobs: gauge(
      "metastore_compaction_scheduler_queue_jobs",
      "Jobs of compaction and deletion, by the level of their sources (empty for deletion), and by status: unassigned or in_progress.",
      ["level", "status"],
    ),
    addedJobs: counter("metastore_compaction_scheduler_queue_added_jobs_total", "Jobs that were made.", [
      "level",
    ]),
    completedJobs: counter(
      "metastore_compaction_scheduler_queue_completed_jobs_total",
      "Jobs whose outputs took the place of their sources, or whose objects are deleted.",
      ["level"],
    ),
    assignedJobs: counter(
      "metastore_compaction_scheduler_queue_assigned_jobs_total",
      "Times that a job was given to a worker.",
      ["level"],
    ),
    reassignedJobs: counter(
      "metastore_compaction_scheduler_queue_reassigned_jobs_total",
      "Of these, those that another worker or an earlier try had had.",
      ["level"],
    ),
    evictedJobs: counter(
      "metastore_compaction_scheduler_queue_evicted_jobs_total",
      "Jobs that were taken apart, since they failed too often or a source is at fault. No block is forgotten by that.",
      ["level"],
    ),
    waitingBlocks: gauge(
      "metastore_compaction_global_queue_blocks_current",
      "Blocks that wait to be merged and are in no job yet.",
      ["level"],
    ),
    waitingQueues: gauge(
      "metastore_compaction_global_queue_queues_current",
      "Queues of such blocks: one for each tenant and shard; segments have one for each shard.",
      ["level"],
    ),
    waitingBatches: gauge(
      "metastore_compaction_global_queue_batches_current",
      "Jobs that could be made of them now.",
      ["level"],
    ),
    oldestWaiting: gauge(
      "metastore_compaction_oldest_waiting_seconds",
      "Age of the oldest block that waits and has company, by the time in its id.",
      ["level"],
    ),
    quarantinedBlocks: gauge(
      "metastore_compaction_quarantined_blocks",
      "Blocks that are not merged any more, since their objects are missing or damaged. Queries read them as before.",
    ),
    expiredBlocks: counter(
      "metastore_index_expired_blocks_total",
      "Blocks that left the index since all of their data was older than the retention period.",
    ),
    orphanCandidates: gauge(
      "metastore_index_orphan_candidates",
      "Objects that nothing knows, and that wait for their grace to end.",
    ),
    notedOrphans: counter(
      "metastore_index_orphans_noted_total",
      "Objects of blocks that neither the index nor a dead letter knew when a sweep first found them.",
    ),
    removedOrphans: counter(
      "metastore_index_orphans_removed_total",
      "Of these, those that were still unknown after the grace: their objects are deleted.",
    ),
    leftOrphans: gauge(
      "metastore_index_orphans_left",
      "Unknown objects that the last sweep left alone, by reason: old (of before the index can vouch for what it knows), unfinished (outputs of a job that may still end) or unreadable.",
      ["reason"],
    ),
    orphanSweeps: counter(
      "metastore_index_orphan_sweeps_total",
      "Sweeps of the bucket, by outcome: complete, refused (too much of the bucket is unknown: the index may have lost it, and nothing was noted) or error.",
      ["outcome"],
    ),
    orphanSweepSeconds: histogram(
      "metastore_index_orphan_sweep_duration_seconds",
      "Sweeps that came to their end.",
      buckets.commandSeconds,
    ),
    orphanSweepTime: gauge(
      "metastore_index_orphan_sweep_last_success_timestamp_seconds",
      "When the last complete sweep ended.",
    ),
    refusedReports: counter(
      "metastore_compaction_refused_reports_total",
      "Reports of compaction workers that changed nothing: the job was not theirs any more, or its outputs were not what its sources hold.",
    ),
    deadLetters: counter(
      "metastore_dlq_recovery_attempts_total",
      "Blocks found in the dead-letter queue, by outcome: registered, gone (its object is not there any more), given_up (it came after its object was given up as an orphan), refused (put aside, to be looked at) or error.",
      ["status"],
    ),
    clampedStamps: counter(
      "metastore_raft_clamped_stamps_total",
      "Times that the wall clock was not believed, since it had run ahead of the steady one.",
    ),
  });
}
