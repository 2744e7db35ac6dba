import { FaultyObjectStore, MemoryObjectStore, type Fault, type ObjectOperation } from "@hearth/object-store";
import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { ManualClock } from "@hearth/testing";

import { CompactionWorker, type CompactionWorkerOptions } from "../../src/compaction-worker.ts";
import type { CompactionJob } from "../../src/jobs/job.ts";
import { compactionWorkerMetrics } from "../../src/metrics.ts";
import { RateLimit } from "../../src/rate-limit.ts";
import { JobRunner } from "../../src/run/job-runner.ts";
import { OutputStore } from "../../src/run/output-store.ts";
import { FakeMetastore, type PollFault } from "./fake-metastore.ts";
import { TextMerger } from "./text-blocks.ts";

export interface HarnessOptions {
  readonly options?: Partial<CompactionWorkerOptions>;
  readonly storeFault?: (operation: ObjectOperation) => Fault;
  readonly pollFault?: (request: PollJobsRequest) => PollFault;
  /** Waited for before each merge ends. */
  readonly pause?: (job: CompactionJob, signal: AbortSignal) => Promise<void>;
}

/** A bucket and a metastore under a clock that stands still, and workers between them. */
export function makeHarness({ options, storeFault, pollFault, pause }: HarnessOptions = {}) {
  const clock = new ManualClock();
  const bucket = new MemoryObjectStore({ clock });
  const objectStore = new FaultyObjectStore(bucket, { clock, plan: storeFault ?? (() => ({})) });
  const metastore = new FakeMetastore(clock, pollFault);
  const registry = new MetricRegistry();
  const { logger, events } = memoryLogger();
  const problems: string[] = [];
  let workerCount = 0;
  const startWorker = (): CompactionWorker => {
    const random = seededRandom(++workerCount);
    const metrics = compactionWorkerMetrics(workerCount === 1 ? registry : new MetricRegistry());
    const shared = { objectStore, clock, random, metrics, logger };
    const runner = new JobRunner(
      { jobTimeoutMs: 600_000, cleanupMaxDurationMs: 15_000 },
      {
        ...shared,
        merger: new TextMerger(objectStore, pause ?? (async () => {})),
        outputs: new OutputStore({ ...shared, writeLimit: new RateLimit(0, clock) }),
      },
    );
    const limits = {
      maxJobs: 2,
      maxSourceBytes: 1 << 20,
      startDelayMs: 0,
      jobPollIntervalMs: 5000,
      requestTimeoutMs: 5000,
      drainTimeoutMs: 30_000,
    };
    const worker = new CompactionWorker(
      { ...limits, ...options },
      {
        ...shared,
        jobs: metastore,
        runner,
        worker: `worker-${workerCount}`,
        onFatal: (problem) => problems.push(problem),
      },
    );
    worker.start();
    return worker;
  };
  /** A worker that, when it is disposed of, is given the time that it needs. */
  const runWorker = (): AsyncDisposable => {
    const worker = startWorker();
    const close = async (): Promise<void> => {
      await Promise.all([worker[Symbol.asyncDispose](), clock.advance(60_000)]);
    };
    return { [Symbol.asyncDispose]: close };
  };
  return { clock, bucket, metastore, registry, events, problems, startWorker, runWorker };
}
