import { rm } from "node:fs/promises";

import { Threads, WorkerPool } from "@hearth/worker-pool";

import type { CompactionJob } from "../jobs/job.ts";
import type * as tasks from "./merge-worker.ts";
import type { Merged, Merger } from "./merger.ts";
import type { TempFolder } from "./temp-folder.ts";

export interface ThreadMergerSettings {
  /** Jobs that are merged at once. */
  readonly maxThreads: number;
  readonly storageDir: string;
  readonly maxBytesPerSecond: number;
  readonly niceness: number;
}

/** Outputs of one job beyond this go to files. */
const OUTPUT_MEMORY_BYTES = 32 << 20;
const IDLE_MS = 60_000;

/** Merges in worker threads, which open the bucket themselves. A thread is ended with the job that it was stopped in. */
export class ThreadMerger implements Merger, AsyncDisposable {
  readonly #settings: ThreadMergerSettings;
  readonly #files: TempFolder;
  readonly #threads: Threads;
  readonly #pool: WorkerPool<typeof tasks>;

  /** @param files - closed by whoever made it, after this. */
  constructor(settings: ThreadMergerSettings, files: TempFolder) {
    const { maxThreads } = settings;
    this.#settings = settings;
    this.#files = files;
    this.#threads = new Threads({ maxThreads, idleTimeoutMs: IDLE_MS });
    const entry = new URL("./merge-worker.ts", import.meta.url);
    this.#pool = new WorkerPool({ entry, maxQueued: maxThreads, endsAbandonedTasks: true }, this.#threads);
  }

  async merge<T>(job: CompactionJob, use: (merged: Merged) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { maxBytesPerSecond, maxThreads, niceness, storageDir } = this.#settings;
    const folder = this.#files.folder(`${job.claim.job}-${job.claim.token}`);
    const task = {
      sources: job.sources,
      deletions: job.deletions,
      outputLevel: job.outputLevel,
      storageDir,
      folder,
      memoryBytes: OUTPUT_MEMORY_BYTES,
      maxBytesPerSecond: Math.ceil(maxBytesPerSecond / maxThreads),
      niceness,
    };
    try {
      return await use(await this.#pool.run("merge", task, [], signal));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
    await this.#threads[Symbol.asyncDispose]();
  }
}
