/**
 * What a worker knows of its jobs, and what it tells the metastore. Polls and their answers may get lost, leases may end,
 * and the metastore may offer what the worker has already; so that nothing is lost and nothing is done twice at once:
 *
 * - a job runs from its first answer until it ends; while it runs or is being stopped, no other run of it begins;
 * - an outcome is told with every poll until an answer to one of these came, or the claim is revoked;
 * - what was revoked is stopped, and how it ended is told to nobody;
 * - what is not named in a poll is offered again by the metastore, so an offer that cannot be taken now is simply left.
 *
 * One poll is under way at a time. All of it is pure: whoever calls starts and stops the work.
 */
import { assertNever, invariant } from "@hearth/errors";
import {
  isSameClaim,
  sourceBytesOf,
  type Job,
  type JobClaim,
  type JobOutcome,
  type JobReport,
} from "./job.ts";

export interface WorkerLimits {
  /** Jobs that run at once, at least 1. */
  readonly maxJobs: number;
  /** Bytes of the sources of jobs that run at once; a single job may exceed it when it runs alone. */
  readonly maxSourceBytes: number;
}

export interface HeldJobs {
  readonly limits: WorkerLimits;
  /** By number of the job: at most one claim of each is held. */
  readonly jobs: ReadonlyMap<number, HeldJob>;
  /** No more jobs are taken. */
  readonly isClosing: boolean;
}

interface HeldJob {
  readonly claim: JobClaim;
  readonly sourceBytes: number;
  readonly stage: Stage;
}

type Stage =
  | { readonly type: "running" }
  /** Told to stop, and not ended yet. */
  | { readonly type: "stopping"; readonly whenStopped: "return" | "forget" }
  /** Waits to be told. `sizeBytes` is what the report takes in a poll. */
  | { readonly type: "ended"; readonly outcome: JobOutcome; readonly sizeBytes: number };

/** What is said in a poll. */
export interface Poll {
  readonly jobCapacity: number;
  readonly byteCapacity: number;
  /** What the worker goes on with, and what it will report in a later poll. */
  readonly held: readonly JobClaim[];
  readonly reports: readonly JobReport[];
}

/** What is answered. */
export interface PollAnswer {
  readonly jobs: readonly Job[];
  /** Offered, but not to be understood: they fail. */
  readonly unreadable: readonly { readonly claim: JobClaim; readonly reason: string }[];
  readonly revoked: readonly JobClaim[];
  readonly refusals: readonly { readonly claim: JobClaim; readonly reason: string }[];
  /** Leases end when there was no poll for so long. */
  readonly leaseMs: number;
}

/** What is to be done after a change. */
export interface Change {
  readonly held: HeldJobs;
  readonly start: readonly Job[];
  readonly stop: readonly JobClaim[];
  /** Reports that are done with. `refusal` is set when the metastore did not take it. */
  readonly settled: readonly (JobReport & { readonly refusal: string | undefined })[];
}

/** A poll becomes an entry of a replicated log: reports beyond this wait for the next one. */
const MAX_REPORT_BYTES = 1 << 20;

export function noJobs(limits: WorkerLimits): HeldJobs {
  return { limits, jobs: new Map(), isClosing: false };
}

/**
 * What to say next.
 *
 * @param isResting - takes no jobs for the time being.
 */
export function planPoll(held: HeldJobs, isResting: boolean): Poll {
  const jobs = [...held.jobs.values()];
  const reports = reportsThatFit(jobs);
  const reported = new Set(reports.map(({ claim }) => claim.job));
  const takesJobs = !held.isClosing && !isResting;
  const { jobCount, sourceBytes } = load(held);
  return {
    jobCapacity: takesJobs ? Math.max(0, held.limits.maxJobs - jobCount) : 0,
    byteCapacity: takesJobs ? Math.max(0, held.limits.maxSourceBytes - sourceBytes) : 0,
    held: jobs.filter((job) => !reported.has(job.claim.job) && !isForgotten(job)).map(({ claim }) => claim),
    reports,
  };
}

/**
 * What an answer changes.
 *
 * @param poll - what the answer is to.
 */
export function applyAnswer(before: HeldJobs, poll: Poll, answer: PollAnswer): Change {
  const jobs = new Map(before.jobs);
  const change = { start: [] as Job[], stop: [] as JobClaim[], settled: [] as Change["settled"][number][] };
  for (const report of poll.reports) {
    const refusal = answer.refusals.find(({ claim }) => isSameClaim(claim, report.claim))?.reason;
    if (claimIsHeld(jobs, report.claim)) jobs.delete(report.claim.job);
    change.settled.push({ ...report, refusal });
  }
  for (const claim of answer.revoked) {
    if (claimIsHeld(jobs, claim)) revoke(jobs, claim, change);
  }
  for (const job of answer.jobs) takeOrLeave({ ...before, jobs }, jobs, job, change);
  for (const { claim, reason } of answer.unreadable) {
    if (!jobs.has(claim.job)) jobs.set(claim.job, ended(claim, { type: "failed", reason, faults: [] }));
  }
  return { held: { ...before, jobs }, ...change };
}

/** A job ended. @param sizeBytes - of its report in a poll. */
export function applyEnd(before: HeldJobs, report: JobReport, sizeBytes: number): HeldJobs {
  const { claim, outcome } = report;
  const job = before.jobs.get(claim.job);
  if (job === undefined || !isSameClaim(job.claim, claim)) return before;
  const jobs = new Map(before.jobs);
  if (isForgotten(job)) jobs.delete(claim.job);
  else jobs.set(claim.job, { ...job, stage: { type: "ended", outcome, sizeBytes } });
  return { ...before, jobs };
}

/** Leases must be taken for lost: what runs is stopped. Outcomes are told all the same, the metastore decides. */
export function applyLostLeases(before: HeldJobs): Change {
  return stopRunning(before, "forget");
}

/** Takes no more jobs. */
export function applyClosing(before: HeldJobs): HeldJobs {
  return { ...before, isClosing: true };
}

/** Stops what still runs, to be given back. */
export function applyReturn(before: HeldJobs): Change {
  return stopRunning(before, "return");
}

export function isRunning(held: HeldJobs): boolean {
  return load(held).jobCount > 0;
}

/** Whether something waits to be told. */
export function hasReports(held: HeldJobs): boolean {
  return [...held.jobs.values()].some(({ stage }) => stage.type === "ended");
}

function reportsThatFit(jobs: readonly HeldJob[]): JobReport[] {
  const reports: JobReport[] = [];
  let total = 0;
  for (const { claim, stage } of jobs) {
    if (stage.type !== "ended") continue;
    total += stage.sizeBytes;
    if (reports.length > 0 && total > MAX_REPORT_BYTES) break;
    reports.push({ claim, outcome: stage.outcome });
  }
  return reports;
}

function takeOrLeave(
  held: HeldJobs,
  jobs: Map<number, HeldJob>,
  job: Job,
  change: { start: Job[]; stop: JobClaim[]; settled: Change["settled"][number][] },
): void {
  const known = jobs.get(job.claim.job);
  // The same again, or an answer that was overtaken.
  if (known !== undefined && job.claim.token <= known.claim.token) return;
  if (known !== undefined) revoke(jobs, known.claim, change);
  // The old run must have ended first.
  if (jobs.has(job.claim.job)) return;
  const sourceBytes = sourceBytesOf(job);
  if (held.isClosing || !fits(held, sourceBytes)) {
    const why = held.isClosing ? "closing" : "no room";
    jobs.set(job.claim.job, ended(job.claim, { type: "returned", why }));
    return;
  }
  jobs.set(job.claim.job, { claim: job.claim, sourceBytes, stage: { type: "running" } });
  change.start.push(job);
}

/** A job that never ran: its report is small. */
function ended(claim: JobClaim, outcome: JobOutcome): HeldJob {
  return { claim, sourceBytes: 0, stage: { type: "ended", outcome, sizeBytes: 0 } };
}

/** The claim, which is held, is no more. */
function revoke(
  jobs: Map<number, HeldJob>,
  claim: JobClaim,
  change: { stop: JobClaim[]; settled: Change["settled"][number][] },
): void {
  const job = jobs.get(claim.job);
  invariant(job !== undefined, "only a claim that is held is revoked");
  switch (job.stage.type) {
    case "running":
      change.stop.push(claim);
      jobs.set(claim.job, { ...job, stage: { type: "stopping", whenStopped: "forget" } });
      break;
    case "stopping":
      jobs.set(claim.job, { ...job, stage: { type: "stopping", whenStopped: "forget" } });
      break;
    case "ended":
      jobs.delete(claim.job);
      change.settled.push({ claim, outcome: job.stage.outcome, refusal: "claim is revoked" });
      break;
    default:
      assertNever(job.stage);
  }
}

function stopRunning(before: HeldJobs, whenStopped: "return" | "forget"): Change {
  const jobs = new Map(before.jobs);
  const stop: JobClaim[] = [];
  for (const job of before.jobs.values()) {
    if (job.stage.type !== "running") continue;
    jobs.set(job.claim.job, { ...job, stage: { type: "stopping", whenStopped } });
    stop.push(job.claim);
  }
  return { held: { ...before, jobs }, start: [], stop, settled: [] };
}

function claimIsHeld(jobs: ReadonlyMap<number, HeldJob>, claim: JobClaim): boolean {
  return jobs.get(claim.job)?.claim.token === claim.token;
}

function isForgotten({ stage }: HeldJob): boolean {
  return stage.type === "stopping" && stage.whenStopped === "forget";
}

function fits(held: HeldJobs, bytes: number): boolean {
  const { jobCount, sourceBytes } = load(held);
  if (jobCount === 0) return true;
  return jobCount < held.limits.maxJobs && sourceBytes + bytes <= held.limits.maxSourceBytes;
}

/** Of what runs, or has not stopped yet. */
function load({ jobs }: HeldJobs): { readonly jobCount: number; readonly sourceBytes: number } {
  let jobCount = 0;
  let sourceBytes = 0;
  for (const job of jobs.values()) {
    if (job.stage.type === "ended") continue;
    jobCount++;
    sourceBytes += job.sourceBytes;
  }
  return { jobCount, sourceBytes };
}
