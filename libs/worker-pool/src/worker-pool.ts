import { fileURLToPath } from "node:url";

import { ResourceExhaustedError, UnavailableError } from "@hearth/errors";
import { Piscina } from "piscina";

import { decodeFailure } from "./failure.ts";
import type { Outcome, WorkerTask } from "./worker-task.ts";

export interface WorkerPoolSettings {
  /** The file whose exports are the tasks. */
  readonly entry: URL;
  /** At most so many threads, at least 1. None is started before it is needed. */
  readonly maxThreads: number;
  /** A thread without work ends after so long; starting one anew costs 35 ms and the loading of its code. */
  readonly idleTimeoutMs: number;
  /** Tasks that may wait for a thread; one more is refused. */
  readonly maxQueued: number;
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
 *     new WorkerPool<typeof tasks>({ entry: new URL("./build-worker.ts", import.meta.url), … });
 *
 * Hand it at least a millisecond of work at a time, and move buffers instead of copying.
 */
export class WorkerPool<Tasks> implements AsyncDisposable {
  readonly #settings: WorkerPoolSettings;
  readonly #running = new Set<PromiseWithResolvers<unknown>>();
  #piscina: Piscina | undefined;
  #isClosed = false;

  constructor(settings: WorkerPoolSettings) {
    this.#settings = settings;
  }

  /** Threads that are running now. */
  get threadCount(): number {
    return this.#piscina?.threads.length ?? 0;
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
    const piscina = (this.#piscina ??= this.#start());
    if (piscina.queueSize >= this.#settings.maxQueued) {
      throw new ResourceExhaustedError(`worker queue is full: limit=${this.#settings.maxQueued}`);
    }
    const ends = this.#settings.endsAbandonedTasks === true ? { signal } : {};
    const task = piscina.run(input, { name, transferList: [...transfer], ...ends });
    const outcome = (await this.#settled(task, signal)) as Outcome<OutputOf<Tasks[K]>>;
    if (!outcome.ok) throw decodeFailure(outcome.failure);
    return outcome.value;
  }

  /** Lets running and waiting tasks finish, then ends all threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    while (this.#running.size > 0) await Promise.allSettled([...this.#running].map(({ promise }) => promise));
    const piscina = this.#piscina;
    this.#piscina = undefined;
    await piscina?.destroy();
  }

  /** What the task sends back, unless its thread fails: piscina leaves tasks of a thread that cannot start waiting. */
  async #settled(task: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    const running = Promise.withResolvers<unknown>();
    this.#running.add(running);
    task.then(running.resolve, running.reject);
    const giveUp = (): void => running.reject(signal.reason as Error);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await running.promise;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // Tasks do not throw: the thread ran out of memory, could not load its code, or was ended.
      throw new UnavailableError("worker thread failed", { cause: error });
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#running.delete(running);
    }
  }

  #start(): Piscina {
    const piscina = new Piscina({
      filename: fileURLToPath(this.#settings.entry),
      minThreads: 0,
      maxThreads: this.#settings.maxThreads,
      idleTimeout: this.#settings.idleTimeoutMs,
      recordTiming: false,
    });
    piscina.on("error", (error: unknown) => {
      for (const running of this.#running) running.reject(error);
    });
    return piscina;
  }
}
