/**
 * Polls for jobs, runs them, reports them. What to say and what an answer means is decided in `jobs/`; here it is carried
 * out: one poll at a time, and a signal for each job that runs.
 */
import { Code, DomainError } from "@hearth/errors";
import type { PollJobsRequest, PollJobsResponse } from "@hearth/proto/hearth/metastore/v1";
import { TaskGroup, withTimeLimit, type Clock, type Random } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import {
  applyAnswer,
  applyClosing,
  applyEnd,
  applyLostLeases,
  applyReturn,
  hasReports,
  isRunning,
  noJobs,
  planPoll,
  type Change,
  type HeldJobs,
  type Poll,
  type PollAnswer,
  type WorkerLimits,
} from "./jobs/held-jobs.ts";
import { isSameClaim, type Job, type JobReport } from "./jobs/job.ts";
import { leaseEndMs, nextPollMs, noPolls, stepAnswered, stepFailed } from "./jobs/poll-timing.ts";
import { noRest, stepRest } from "./jobs/rest.ts";
import type { CompactionWorkerMetrics } from "./metrics.ts";
import { decodeAnswer, encodePoll, reportSizeBytes } from "./rpc/poll-codec.ts";
import type { JobRunner } from "./run/job-runner.ts";
import { Sleeper } from "./sleeper.ts";

/** The part of the metastore that a compaction worker needs. */
export interface JobSource {
  /** Rejects with a `DomainError`, or the signal's reason. */
  pollJobs(request: PollJobsRequest, signal: AbortSignal): Promise<PollJobsResponse>;
}

export interface CompactionWorkerOptions extends WorkerLimits {
  /** Between {@link CompactionWorker.start} and the first poll. */
  readonly startDelayMs: number;
  readonly jobPollIntervalMs: number;
  readonly requestTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

export interface CompactionWorkerDeps {
  readonly jobs: JobSource;
  readonly runner: Pick<JobRunner, "run">;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: CompactionWorkerMetrics;
  readonly logger: Logger;
  /** Told when the worker cannot go on. */
  readonly onFatal: (problem: string) => void;
  /** Name of this process that no other one has, before or after. */
  readonly worker: string;
}

/** Polls that tell what was given back at the end: the metastore may be busy. */
const FINAL_POLLS = 3;

/** See the top of this file. Closing it finishes what runs, or gives it back. */
export class CompactionWorker implements AsyncDisposable {
  readonly #options: CompactionWorkerOptions;
  readonly #deps: CompactionWorkerDeps;
  readonly #sleeper: Sleeper;
  readonly #tasks: TaskGroup;
  readonly #abandon = new AbortController();
  /** Of the jobs that run. */
  readonly #stops = new Map<Job, AbortController>();
  #held: HeldJobs;
  #beginMs = 0;
  #history = noPolls;
  #rest = noRest;
  /** Something ended since the last poll was sent. */
  #hasNews = false;
  #polling: Promise<void> | undefined;

  constructor(options: CompactionWorkerOptions, deps: CompactionWorkerDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#sleeper = new Sleeper(deps.clock);
    this.#tasks = new TaskGroup((name, error) =>
      deps.onFatal(`compaction worker: ${name} failed: ${String(error)}`),
    );
    this.#held = noJobs(options);
  }

  /** Begins to poll, after the delay. To be called once. */
  start(): void {
    this.#beginMs = this.#deps.clock.monotonicMs() + this.#options.startDelayMs;
    const polling = this.#pollUntilDone();
    this.#tasks.spawn("polling", () => polling);
    this.#polling = polling;
  }

  /**
   * Takes no more jobs, and goes on until those that run are done and told. What is not done after the drain timeout
   * is stopped and given back.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#polling === undefined) return;
    const { drainTimeoutMs, requestTimeoutMs } = this.#options;
    this.#held = applyClosing(this.#held);
    this.#sleeper.wake();
    if (await this.#endsWithin(drainTimeoutMs)) return;
    if (isRunning(this.#held)) this.#deps.logger.info("jobs are not done in time, and given back");
    this.#follow(applyReturn(this.#held));
    if (await this.#endsWithin(requestTimeoutMs * FINAL_POLLS)) return;
    this.#deps.logger.warn("the metastore was not told of all jobs; their leases will end");
    this.#abandon.abort();
    this.#sleeper.wake();
    await this.#tasks.stop();
  }

  /** @returns whether there is nothing left to do or to tell after so long. */
  async #endsWithin(ms: number): Promise<boolean> {
    const limit = { ms, what: "end of the jobs" };
    return withTimeLimit(limit, this.#deps.clock, async () => this.#polling).then(
      () => true,
      () => false,
    );
  }

  get #isDone(): boolean {
    return this.#abandon.signal.aborted || (this.#held.isClosing && this.#held.jobs.size === 0);
  }

  async #pollUntilDone(): Promise<void> {
    for (;;) {
      await this.#untilDue();
      if (this.#isDone) return;
      await this.#poll();
    }
  }

  /** Waits until a poll is due; jobs whose leases end meanwhile are stopped. */
  async #untilDue(): Promise<void> {
    const jitter = this.#deps.random.next();
    while (!this.#isDone) {
      this.#stopIfLost();
      const holdsLeases = this.#held.jobs.size > 0;
      const dueMs = nextPollMs(
        this.#history,
        { beginMs: this.#beginMs, intervalMs: this.#options.jobPollIntervalMs },
        { hasNews: this.#hasNews, holdsLeases, jitter },
      );
      const nowMs = this.#deps.clock.monotonicMs();
      if (nowMs >= dueMs) return;
      const lossMs = isRunning(this.#held) ? leaseEndMs(this.#history) : Infinity;
      const wakeMs = lossMs > nowMs ? Math.min(dueMs, lossMs) : dueMs;
      await this.#sleeper.sleep(wakeMs - nowMs);
    }
  }

  #stopIfLost(): void {
    if (this.#deps.clock.monotonicMs() < leaseEndMs(this.#history)) return;
    const change = applyLostLeases(this.#held);
    if (change.stop.length === 0) return;
    this.#deps.logger.warn("no poll was answered for as long as leases last: jobs are stopped", {
      jobs: change.stop.length,
      leaseMs: this.#history.leaseMs,
    });
    this.#follow(change);
  }

  async #poll(): Promise<void> {
    const { clock, metrics } = this.#deps;
    const sentMs = clock.monotonicMs();
    const poll = planPoll(this.#held, sentMs < this.#rest.untilMs);
    this.#hasNews = false;
    try {
      const answer = await this.#ask(poll, sentMs);
      const endedMs = clock.monotonicMs();
      if (this.#history.failureCount > 0) this.#deps.logger.info("the metastore answers again");
      this.#history = stepAnswered(this.#history, { sentMs, endedMs, leaseMs: answer.leaseMs });
      metrics.polls.inc({ status: "success" });
      this.#follow(applyAnswer(this.#held, poll, answer));
      this.#hasNews ||= hasReports(this.#held);
    } catch (error) {
      metrics.polls.inc({ status: "failure" });
      this.#noteFailure(error);
    }
  }

  /** The attempt ends with the leases, so that what runs is stopped in time. */
  async #ask(poll: Poll, sentMs: number): Promise<PollAnswer> {
    const leftMs = isRunning(this.#held) ? leaseEndMs(this.#history) - sentMs : Infinity;
    const { requestTimeoutMs } = this.#options;
    const ms = leftMs > 0 ? Math.min(requestTimeoutMs, leftMs) : requestTimeoutMs;
    const request = encodePoll(this.#deps.worker, poll);
    const response = await withTimeLimit(
      { ms, what: "poll for jobs" },
      this.#deps.clock,
      (signal) => this.#deps.jobs.pollJobs(request, signal),
      this.#abandon.signal,
    );
    return decodeAnswer(response);
  }

  /** Logged once for each outage. */
  #noteFailure(error: unknown): void {
    const isUnknown = error instanceof DomainError && error.code === Code.Unimplemented;
    if (this.#history.failureCount === 0 && !this.#abandon.signal.aborted) {
      const message = isUnknown
        ? "the metastore does not know of compaction jobs; asking again now and then"
        : "poll for jobs failed; trying again";
      this.#deps.logger.warn(message, { error });
    }
    const endedMs = this.#deps.clock.monotonicMs();
    this.#history = stepFailed(this.#history, { endedMs, isUnknown });
  }

  #follow({ held, start, stop, settled }: Change): void {
    this.#held = held;
    for (const report of settled) this.#noteRefusal(report);
    for (const claim of stop) {
      this.#deps.metrics.stoppedJobs.inc();
      for (const [job, controller] of this.#stops) if (isSameClaim(job.claim, claim)) controller.abort();
    }
    for (const job of start) this.#tasks.spawn("job", () => this.#run(job));
  }

  /** Work in vain is worth a line; that a job was deleted, failed or given back may have been told before. */
  #noteRefusal({ claim, outcome, refusal }: Change["settled"][number]): void {
    if (refusal === undefined) return;
    this.#deps.metrics.refusedReports.inc();
    const level = outcome.type === "compacted" ? "warn" : "debug";
    const fields = { ...claim, outcome: outcome.type, reason: refusal };
    this.#deps.logger[level]("the metastore did not take a report", fields);
  }

  async #run(job: Job): Promise<void> {
    const controller = new AbortController();
    this.#stops.set(job, controller);
    const outcome = await this.#deps.runner.run(job, controller.signal);
    this.#stops.delete(job);
    this.#rest = stepRest(this.#rest, outcome, this.#deps.clock.monotonicMs());
    this.#end({ claim: job.claim, outcome });
  }

  #end(report: JobReport): void {
    this.#held = applyEnd(this.#held, report, reportSizeBytes(report));
    this.#hasNews = true;
    this.#sleeper.wake();
  }
}
