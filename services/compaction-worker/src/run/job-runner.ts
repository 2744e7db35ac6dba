import { DomainError, InvariantError } from "@hearth/errors";
import { ulidTimeMs, withTimeLimit, type Clock } from "@hearth/runtime";
import { withSpan, type Logger } from "@hearth/telemetry";

import {
  sourceBytesOf,
  type CompactionJob,
  type DeletionJob,
  type Job,
  type JobOutcome,
} from "../jobs/job.ts";
import type { CompactionWorkerMetrics } from "../metrics.ts";
import { runCompaction, type CompactionDeps } from "./run-compaction.ts";
import { runDeletion, type DeletionDeps } from "./run-deletion.ts";

export interface JobRunnerSettings {
  readonly jobTimeoutMs: number;
  readonly cleanupMaxDurationMs: number;
}

export interface JobRunnerDeps extends CompactionDeps, DeletionDeps {
  readonly clock: Clock;
  readonly metrics: CompactionWorkerMetrics;
  readonly logger: Logger;
}

/** Value of the label `status`. */
type Status = "success" | "failure" | "canceled" | "block_not_found";

/** Does jobs: compactions and deletions. */
export class JobRunner {
  readonly #settings: JobRunnerSettings;
  readonly #deps: JobRunnerDeps;

  constructor(settings: JobRunnerSettings, deps: JobRunnerDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** Does a job, and says how it ended; never rejects. When `signal` aborts the job ends soon, and is returned. */
  async run(job: Job, signal: AbortSignal): Promise<JobOutcome> {
    try {
      return await (job.type === "compaction" ? this.#compact(job, signal) : this.#delete(job, signal));
    } catch (error) {
      if (signal.aborted) return { type: "returned", why: "canceled" };
      return { type: "failed", reason: reasonOf(error), faults: [] };
    }
  }

  async #compact(job: CompactionJob, signal: AbortSignal): Promise<JobOutcome> {
    const { clock, metrics } = this.#deps;
    const labels = {
      tenant: job.level === 0 ? "" : (job.sources[0]?.tenant ?? ""),
      level: String(job.level),
    };
    const startedMs = clock.monotonicMs();
    let status: Status = "failure";
    metrics.jobsInProgress.inc(labels);
    try {
      const outcome = await this.#merge(job, signal);
      status = statusOf(outcome);
      this.#note(job, outcome, labels, startedMs);
      return outcome;
    } catch (error) {
      status = signal.aborted ? "canceled" : "failure";
      this.#log(job, signal.aborted ? "debug" : "warn", "compaction failed", { error });
      throw error;
    } finally {
      metrics.jobsInProgress.dec(labels);
      metrics.jobsCompleted.inc({ ...labels, status });
      metrics.jobSeconds.observe({ ...labels, status }, (clock.monotonicMs() - startedMs) / 1000);
    }
  }

  #merge(job: CompactionJob, signal: AbortSignal): Promise<JobOutcome> {
    const attributes = { shard: job.shard, level: job.level, sources: job.sources.length };
    const limit = { ms: this.#settings.jobTimeoutMs, what: "compaction" };
    const work = (limited: AbortSignal): Promise<JobOutcome> => runCompaction(job, this.#deps, limited);
    return withSpan("compaction", attributes, () => withTimeLimit(limit, this.#deps.clock, work, signal));
  }

  async #delete(job: DeletionJob, signal: AbortSignal): Promise<JobOutcome> {
    const outcome = await runDeletion(job, this.#settings.cleanupMaxDurationMs, this.#deps, signal);
    const fields = { job: job.claim.job, objects: job.objects.length };
    if (outcome.type === "failed")
      this.#deps.logger.warn("objects not deleted", { ...fields, reason: outcome.reason });
    else this.#deps.logger.debug("objects deleted", fields);
    return outcome;
  }

  #note(
    job: CompactionJob,
    outcome: JobOutcome,
    labels: { readonly tenant: string; readonly level: string },
    startedMs: number,
  ): void {
    const { clock, metrics } = this.#deps;
    if (outcome.type === "failed") {
      this.#log(job, "warn", "compaction failed", { reason: outcome.reason, faults: outcome.faults });
    } else if (outcome.type === "returned") {
      this.#log(job, "warn", "compaction given back", { reason: outcome.detail });
    } else if (outcome.type === "compacted") {
      const { level } = labels;
      const outputBytes = outcome.outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      metrics.sourceBytes.inc({ level }, sourceBytesOf(job));
      metrics.outputBytes.inc({ level }, outputBytes);
      metrics.repeatedRows.inc({ level }, outcome.repeatedRows);
      const deletedRows = [...outcome.deletedRows.values()].reduce((sum, rows) => sum + rows, 0);
      metrics.deletedRows.inc({ level }, deletedRows);
      metrics.summedRows.inc({ level }, outcome.summedRows);
      const oldestMs = Math.min(...job.sources.map(({ id }) => ulidTimeMs(id)));
      metrics.timeToCompactionSeconds.observe(labels, Math.max(0, clock.nowMs() - oldestMs) / 1000);
      this.#log(job, "debug", "compacted", {
        outputs: outcome.outputs.length,
        outputBytes,
        repeatedRows: outcome.repeatedRows,
        deletedRows,
        summedRows: outcome.summedRows,
        elapsedMs: Math.round(clock.monotonicMs() - startedMs),
      });
    }
  }

  #log(job: CompactionJob, level: "debug" | "warn", message: string, fields: object): void {
    if (!this.#deps.logger.isEnabled(level)) return;
    this.#deps.logger[level](message, {
      job: job.claim.job,
      shard: job.shard,
      sourceLevel: job.level,
      ...(job.outputLevel > 0 && { outputLevel: job.outputLevel }),
      sources: job.sources.length,
      sourceBytes: sourceBytesOf(job),
      ...fields,
    });
  }
}

function statusOf(outcome: JobOutcome): Status {
  if (outcome.type === "compacted") return "success";
  const isMissing = outcome.type === "failed" && outcome.faults.some(({ kind }) => kind === "missing");
  return isMissing ? "block_not_found" : "failure";
}

/** What may be said to another process; the rest is in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof DomainError || error instanceof InvariantError) return error.message;
  return `internal error: name=${error instanceof Error ? error.name : typeof error}`;
}
