import { hostname } from "node:os";

import type { ObjectStore } from "@hearth/object-store";
import { UlidFactory, type Clock, type Random } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";

import { CompactionWorker, type JobSource } from "./compaction-worker.ts";
import { jobConcurrency, startDelayMs, tempDir, type CompactionWorkerSettings } from "./config.ts";
import { TempFolder } from "./merge/temp-folder.ts";
import { ThreadMerger } from "./merge/thread-merger.ts";
import { compactionWorkerMetrics } from "./metrics.ts";
import { RateLimit } from "./rate-limit.ts";
import { JobRunner } from "./run/job-runner.ts";
import { OutputStore } from "./run/output-store.ts";

export interface CompactionWorkerServiceDeps {
  /** Opened and closed by whoever made it. */
  readonly objectStore: ObjectStore;
  /** Root folder of the same bucket: worker threads open it themselves. */
  readonly storageDir: string;
  readonly jobs: JobSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  readonly logger: Logger;
  /** Whether the process runs other parts, which compaction must leave room for. */
  readonly isShared: boolean;
  /** Told when the worker cannot go on. */
  readonly onFatal: (problem: string) => void;
}

/** The compaction worker as a part of a process. It offers no services. */
export class CompactionWorkerService implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #files: TempFolder;
  readonly #merger: ThreadMerger;
  readonly #worker: CompactionWorker;

  constructor(settings: CompactionWorkerSettings, deps: CompactionWorkerServiceDeps) {
    const maxJobs = jobConcurrency(settings, deps.isShared);
    const metrics = compactionWorkerMetrics(deps.registry);
    this.#logger = deps.logger;
    this.#files = new TempFolder(tempDir(settings), deps);
    this.#merger = new ThreadMerger(
      { ...settings, maxThreads: maxJobs, storageDir: deps.storageDir },
      this.#files,
    );
    const writeLimit = new RateLimit(settings.maxBytesPerSecond, deps.clock);
    const outputs = new OutputStore({ ...deps, writeLimit });
    const runner = new JobRunner(settings, { ...deps, metrics, merger: this.#merger, outputs });
    const worker = `${hostname()}-${new UlidFactory(deps).next()}`;
    const options = { ...settings, maxJobs, startDelayMs: startDelayMs(settings, deps.isShared) };
    this.#worker = new CompactionWorker(options, { ...deps, metrics, runner, worker });
  }

  /** Removes what a crash has left behind, and begins to poll after a while. */
  async start(): Promise<void> {
    const count = await this.#files.removeAbandoned();
    if (count > 0) this.#logger.info("removed temporary files of processes that are gone", { count });
    this.#worker.start();
  }

  /** Finishes what runs, or gives it back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker[Symbol.asyncDispose]();
    await this.#merger[Symbol.asyncDispose]();
    await this.#files[Symbol.asyncDispose]();
  }
}
