import { fileURLToPath } from "node:url";

import { ResourceExhaustedError, UnavailableError } from "@hearth/errors";

import { decodeFailure } from "./failure.ts";
import type { Threads } from "./threads.ts";
import type { Outcome, WorkerTask } from "./worker-task.ts";

export interface WorkerPoolSettings {
  /** The file whose exports are the tasks. */
  readonly entry: URL;
  /** Tasks of this pool that may wait for a thread; one more is refused. */
  readonly maxQueued: number;
  /** Whether its tasks go before those of other pools that share the threads. */
  readonly isUrgent?: boolean;
  /**
   * Whether the thread of a running task is ended when its caller goes away. Only for tasks that may take seconds: a
   * thread costs more to start than a short task takes to finish.
   */
  readonly endsAbandonedTasks?: boolean;
}

type InputOf<T> = T extends WorkerTask<infer I, infer _O> ? I : never;
type OutputOf<T> = T extends WorkerTask<infer _I, infer O> ? O : never;

/**
 * Runs the tasks of one entry file in worker threads. It knows the names and types of its tasks:
 *
 *     import type * as tasks from "./build-worker.ts";
 *     new WorkerPool<typeof tasks>({ entry: new URL("./build-worker.ts", import.meta.url), … }, threads);
 *
 * Hand it at least a millisecond of work at a time, and move buffers instead of copying. The threads are closed by
 * whoever made them, after the pools that use them.
 */
export class WorkerPool<Tasks> implements AsyncDisposable {
  readonly #settings: WorkerPoolSettings;
  readonly #threads: Threads;
  readonly #entryPath: string;
  /** Tasks that run or wait, those without a caller among them. */
  #outstanding = 0;
  /** Tasks whose callers wait for them. */
  readonly #awaited = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(settings: WorkerPoolSettings, threads: Threads) {
    this.#settings = settings;
    this.#threads = threads;
    this.#entryPath = fileURLToPath(settings.entry);
    if (settings.isUrgent === true) threads.prefer(this.#entryPath);
  }

  /**
   * Runs the task `name` with `input`.
   *
   * @param transfer - memory in `input` that is moved to the worker; what refers to it here is empty afterwards.
   * @param signal - ends the wait with its reason; the task itself goes on, unless the settings say otherwise.
   * @throws what the task throws; a `DomainError` keeps its code.
   * @throws {ResourceExhaustedError} when too many tasks wait.
   * @throws {UnavailableError} when the pool is closed, or the thread ended under the task.
   */
  async run<K extends keyof Tasks & string>(
    name: K,
    input: InputOf<Tasks[K]>,
    transfer: readonly ArrayBuffer[],
    signal: AbortSignal,
  ): Promise<OutputOf<Tasks[K]>> {
    if (signal.aborted) throw signal.reason;
    if (this.#isClosed) throw new UnavailableError("worker pool is closed");
    const { maxQueued, endsAbandonedTasks } = this.#settings;
    if (this.#outstanding >= maxQueued + this.#threads.maxThreads) {
      throw new ResourceExhaustedError(`worker queue is full: limit=${maxQueued}`);
    }
    const endedBy = endsAbandonedTasks === true ? signal : undefined;
    const task = this.#threads.call({ entryPath: this.#entryPath, name, input, transfer, endedBy });
    const outcome = (await this.#settled(task, signal)) as Outcome<OutputOf<Tasks[K]>>;
    if (!outcome.ok) throw decodeFailure(outcome.failure);
    return outcome.value;
  }

  /** Takes no more tasks, and lets those finish for which somebody waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    while (this.#awaited.size > 0) await Promise.allSettled(this.#awaited);
  }

  async #settled(task: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const abandoned = Promise.withResolvers<never>();
    const giveUp = (): void => abandoned.reject(signal.reason as Error);
    signal.addEventListener("abort", giveUp, { once: true });
    const ended = (): number => this.#outstanding--;
    this.#outstanding++;
    task.then(ended, ended);
    this.#awaited.add(task);
    try {
      return await Promise.race([task, abandoned.promise]);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // Tasks do not throw: the thread ran out of memory, could not load its code, or was ended.
      throw new UnavailableError("worker thread failed", { cause: error });
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#awaited.delete(task);
    }
  }
}
