import { Piscina } from "piscina";
import { UrgentFirstQueue } from "./task-queue.ts";

export interface ThreadsSettings {
  /** At most so many threads, at least 1. None is started before it is needed. */
  readonly maxThreads: number;
  /** A thread without work ends after so long; starting one anew costs 35 ms and the loading of its code. */
  readonly idleTimeoutMs: number;
}

/** A task on its way to a thread. */
export interface ThreadCall {
  /** The file that exports the task. */
  readonly entryPath: string;
  readonly name: string;
  readonly input: unknown;
  /** Memory in `input` that is moved. */
  readonly transfer: readonly ArrayBuffer[];
  /** Ends the thread of the running task when it aborts. */
  readonly endedBy: AbortSignal | undefined;
}

/**
 * Worker threads that any number of pools share: a thread loads the code of each kind of task when the first such task
 * reaches it. Fewer threads than kinds of work are faster, since each thread compiles the code that it runs for itself.
 */
export class Threads implements AsyncDisposable {
  readonly maxThreads: number;
  readonly #settings: ThreadsSettings;
  readonly #urgentEntries = new Set<string>();
  readonly #running = new Set<PromiseWithResolvers<unknown>>();
  #piscina: Piscina | undefined;

  constructor(settings: ThreadsSettings) {
    this.#settings = settings;
    this.maxThreads = settings.maxThreads;
  }

  /** Threads that are running now. */
  get count(): number {
    return this.#piscina?.threads.length ?? 0;
  }

  /** From now on tasks of this entry go before all others that wait. */
  prefer(entryPath: string): void {
    this.#urgentEntries.add(entryPath);
  }

  /** What the task sends back, unless its thread fails: piscina leaves tasks of a thread that cannot start waiting. */
  call({ entryPath, name, input, transfer, endedBy }: ThreadCall): Promise<unknown> {
    const running = Promise.withResolvers<unknown>();
    this.#running.add(running);
    const options = { filename: entryPath, name, transferList: [...transfer] };
    const piscina = (this.#piscina ??= this.#start());
    const task = piscina.run(input, endedBy === undefined ? options : { ...options, signal: endedBy });
    task.then(running.resolve, running.reject);
    return running.promise.finally(() => this.#running.delete(running));
  }

  /** Ends the threads; tasks that still run fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    const piscina = this.#piscina;
    this.#piscina = undefined;
    await piscina?.destroy();
  }

  #start(): Piscina {
    const piscina = new Piscina({
      minThreads: 0,
      maxThreads: this.#settings.maxThreads,
      idleTimeout: this.#settings.idleTimeoutMs,
      recordTiming: false,
      taskQueue: new UrgentFirstQueue((entryPath) => this.#urgentEntries.has(entryPath)),
      // Else a task that finds no free thread goes to the end of the queue, again and again.
      stricterFIFO: true,
    });
    piscina.on("error", (error: unknown) => {
      for (const running of this.#running) running.reject(error);
    });
    return piscina;
  }
}
