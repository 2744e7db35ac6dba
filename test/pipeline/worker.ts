import {
  applyAnswer,
  applyEnd,
  applyLostLeases,
  hasReports,
  isRunning,
  noJobs,
  planPoll,
  type Change,
  type HeldJobs,
} from "../../services/compaction-worker/src/jobs/held-jobs.ts";
import { isSameClaim, type Job, type JobOutcome } from "../../services/compaction-worker/src/jobs/job.ts";
import {
  leaseEndMs,
  nextPollMs,
  noPolls,
  stepAnswered,
  stepFailed,
} from "../../services/compaction-worker/src/jobs/poll-timing.ts";
import { noRest, stepRest } from "../../services/compaction-worker/src/jobs/rest.ts";
import {
  decodeAnswer,
  encodePoll,
  reportSizeBytes,
} from "../../services/compaction-worker/src/rpc/poll-codec.ts";
import type { Bucket } from "./bucket.ts";
import { runJob } from "./job-steps.ts";
import type { Metastore } from "./metastore.ts";
import { Machine, wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

const MAX_SOURCE_BYTES = 1 << 20;
const RESTART_MS = 60_000;

interface RunningJob {
  readonly job: Job;
  readonly end: () => void;
}

/** A compaction worker: the product decides, here it is carried out in virtual time. */
export class Worker {
  readonly machine: Machine;
  readonly #world: World;
  readonly #metastore: Metastore;
  readonly #bucket: Bucket;
  #lives = 0;
  /** Version of the code. */
  #maker = "";
  #isOld = false;
  #held!: HeldJobs;
  #history = noPolls;
  #rest = noRest;
  #hasNews = false;
  #running = new Set<RunningJob>();

  constructor(name: string, deps: { world: World; metastore: Metastore; bucket: Bucket }) {
    const { world, metastore, bucket } = deps;
    this.#world = world;
    this.#metastore = metastore;
    this.#bucket = bucket;
    const { queue, streams } = world;
    this.machine = new Machine(name, {
      queue,
      dice: streams.workers,
      onCrash: () => {
        world.trace(() => `${this.#name} crashes`);
        queue.after(streams.workers.exponential(RESTART_MS), () => this.start());
      },
      onFreeze: (ms) => world.trace(() => `${this.#name} stands still for ${Math.round(ms / 1_000)}s`),
    });
  }

  /** The last worker of the version before ends with the trouble. */
  get #sumsRows(): boolean {
    return !this.#isOld || !this.#world.isRough;
  }

  /** Each life has another name. */
  get #name(): string {
    return `${this.machine.name}-${this.#lives}`;
  }

  start(): void {
    const { swarm, isRough, streams } = this.#world;
    // While workers are replaced by those of the next version, both are there.
    this.#maker = streams.workers.chance(swarm.newCodeRate) ? "next" : "";
    this.#isOld = streams.tiers.chance(swarm.oldCodeRate);
    this.#lives++;
    this.#held = noJobs({ maxJobs: swarm.workerJobs, maxSourceBytes: MAX_SOURCE_BYTES });
    this.#history = noPolls;
    this.#rest = noRest;
    this.#hasNews = false;
    this.#running = new Set();
    if (isRough) {
      this.machine.mishaps = {
        crashRate: swarm.workerCrashRate,
        freezeRate: swarm.workerFreezeRate,
        longestFreezeMs: 6 * 3_600_000,
      };
    }
    this.machine.run(this.#pollForEver());
  }

  *#pollForEver(): Steps<void> {
    for (;;) {
      yield* this.#untilDue();
      yield* this.#poll();
    }
  }

  *#untilDue(): Steps<void> {
    const { queue, streams, swarm } = this.#world;
    const jitter = streams.workers.next();
    for (;;) {
      this.#stopIfLost();
      const dueMs = nextPollMs(
        this.#history,
        { beginMs: 0, intervalMs: swarm.pollIntervalMs },
        { hasNews: this.#hasNews, holdsLeases: this.#held.jobs.size > 0, jitter },
      );
      if (queue.nowMs >= dueMs) return;
      const lossMs = isRunning(this.#held) ? leaseEndMs(this.#history) : Infinity;
      const wakeMs = lossMs > queue.nowMs ? Math.min(dueMs, lossMs) : dueMs;
      yield* this.#sleep(wakeMs - queue.nowMs);
    }
  }

  /** Ends early when a job ends. */
  #wake: (() => void) | undefined;

  *#sleep(ms: number): Steps<void> {
    yield* wait<void>((resume) => {
      let isDone = false;
      const once = (): void => {
        if (isDone) return;
        isDone = true;
        resume();
      };
      this.#wake = once;
      this.#world.queue.after(ms, once);
    });
    this.#wake = undefined;
  }

  #stopIfLost(): void {
    if (this.#world.queue.nowMs < leaseEndMs(this.#history)) return;
    const change = applyLostLeases(this.#held);
    if (change.stop.length === 0) return;
    this.#world.seen.note("worker stopped jobs since its leases ended");
    this.#follow(change);
  }

  *#poll(): Steps<void> {
    const { queue, seen } = this.#world;
    const sentMs = queue.nowMs;
    const poll = planPoll(this.#held, sentMs < this.#rest.untilMs);
    this.#hasNews = false;
    const request = { ...encodePoll(this.#name, poll), sumsRows: this.#sumsRows };
    const response = yield* this.#metastore.call((node) => this.#metastore.pollJobs(node, request));
    const endedMs = queue.nowMs;
    if (response.type === "unavailable") {
      this.#history = stepFailed(this.#history, { endedMs, isUnknown: false });
      return;
    }
    const answer = decodeAnswer(response.value);
    this.#history = stepAnswered(this.#history, { sentMs, endedMs, leaseMs: answer.leaseMs });
    if (answer.refusals.length > 0) seen.note("report of a zombie refused");
    this.#follow(applyAnswer(this.#held, poll, answer));
    this.#hasNews ||= hasReports(this.#held);
  }

  #follow({ held, start, stop, settled }: Change): void {
    this.#held = held;
    for (const { claim, outcome, refusal } of settled) {
      this.#world.trace(() => `${this.#name}: job ${claim.job} ${outcome.type}: ${refusal ?? "taken"}`);
    }
    for (const claim of stop) {
      for (const running of this.#running) if (isSameClaim(running.job.claim, claim)) this.#stop(running);
    }
    for (const job of start) this.#start(job);
  }

  #start(job: Job): void {
    const code = { maker: this.#maker, sums: this.#sumsRows ? this.#world.sums : undefined };
    const deps = { bucket: this.#bucket, world: this.#world, code };
    this.#world.trace(() => `${this.#name}: begins ${job.type} ${job.claim.job}/${job.claim.token}`);
    const running: RunningJob = {
      job,
      end: this.machine.run(runJob(job, deps), (outcome) => {
        this.#running.delete(running);
        this.#end(job, outcome);
      }),
    };
    this.#running.add(running);
  }

  /** A job that is told to stop ends soon, wherever it is. */
  #stop(running: RunningJob): void {
    this.#world.queue.after(this.#world.streams.workers.exponential(500), () => {
      if (!this.#running.delete(running)) return;
      running.end();
      this.#end(running.job, { type: "returned", why: "canceled" });
    });
  }

  #end({ claim }: Job, outcome: JobOutcome): void {
    this.#rest = stepRest(this.#rest, outcome, this.#world.queue.nowMs);
    const report = { claim, outcome };
    this.#held = applyEnd(this.#held, report, reportSizeBytes(report));
    this.#hasNews = true;
    this.#wake?.();
  }
}
