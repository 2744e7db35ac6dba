import { buckets, counter, gauge, histogram, type MetricRegistry } from "@hearth/telemetry";

export type CompactionWorkerMetrics = ReturnType<typeof compactionWorkerMetrics>;

/** Everything that the compaction worker exports. A job of level 0 has many tenants: its label `tenant` is empty. */
export function compactionWorkerMetrics(registry: MetricRegistry) {
  return registry.define({
    jobsInProgress: gauge("compaction_worker_jobs_in_progress", "Compactions that run now.", [
      "tenant",
      "level",
    ]),
    jobsCompleted: counter("compaction_worker_jobs_completed_total", "Compactions that ended, by outcome.", [
      "tenant",
      "level",
      "status",
    ]),
    jobSeconds: histogram(
      "compaction_worker_job_duration_seconds",
      "Time of a compaction, by outcome.",
      buckets.jobSeconds,
      ["tenant", "level", "status"],
    ),
    timeToCompactionSeconds: histogram(
      "compaction_worker_time_to_compaction_seconds",
      "Age of the oldest source of a compaction when it was done.",
      buckets.timeToCompactionSeconds,
      ["tenant", "level"],
    ),
    blocksDeleted: counter("compaction_worker_blocks_deleted_total", "Objects deleted, by outcome.", [
      "status",
    ]),
    sourceBytes: counter("compaction_worker_source_bytes_total", "Bytes of blocks that were compacted.", [
      "level",
    ]),
    outputBytes: counter("compaction_worker_output_bytes_total", "Bytes of blocks that compactions made.", [
      "level",
    ]),
    repeatedRows: counter(
      "compaction_worker_repeated_rows_total",
      "Rows that were in the sources of a compaction more than once.",
      ["level"],
    ),
    deletedRows: counter(
      "compaction_worker_deleted_rows_total",
      "Rows that a compaction left out, since they were deleted on request.",
      ["level"],
    ),
    summedRows: counter(
      "compaction_worker_summed_rows_total",
      "Rows that became part of another row of a tier.",
      ["level"],
    ),
    polls: counter("compaction_worker_polls_total", "Requests for jobs, by outcome.", ["status"]),
    refusedReports: counter(
      "compaction_worker_refused_reports_total",
      "Reports of ended jobs that the metastore did not take.",
    ),
    stoppedJobs: counter(
      "compaction_worker_stopped_jobs_total",
      "Running jobs that were stopped: their lease was lost, or the process ends.",
    ),
  });
}
