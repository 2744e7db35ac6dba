import { WorkerPool } from "@hearth/worker-pool";
import type { Preparer } from "../push/distributor.ts";
import type { EncodedOutcome, PrepareTask } from "./prepare-worker.ts";
import type * as tasks from "./prepare-worker.ts";

/** A thread without work for so long ends. */
const IDLE_TIMEOUT_MS = 30_000;

/** Prepares profiles in a pool of threads. */
export class PoolPreparer implements Preparer, AsyncDisposable {
  readonly #pool: WorkerPool<typeof tasks>;

  constructor(settings: { threads: number; maxQueued: number }) {
    this.#pool = new WorkerPool({
      entry: new URL("./prepare-worker.ts", import.meta.url),
      maxThreads: settings.threads,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      maxQueued: settings.maxQueued,
    });
  }

  async prepare(
    task: PrepareTask,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
  ): Promise<EncodedOutcome[]> {
    return this.#pool.run("prepare", task, transfer, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}
