/**
 * Owns background work: nothing floats, a failure reaches the owner, and stopping waits for all of it.
 */
export class TaskGroup {
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #onFailure: (name: string, error: unknown) => void;

  /** @param onFailure - told of every task that rejects; it decides whether that ends the process. */
  constructor(onFailure: (name: string, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Aborts when the group is asked to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Starts `task`; it should return soon after `stop` aborts. */
  spawn(name: string, task: (stop: AbortSignal) => Promise<void>): void {
    const running = this.#guard(name, task).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Asks every task to stop and waits until all have. Stopping twice is harmless. */
  async stop(): Promise<void> {
    this.#stop.abort();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #guard(name: string, task: (stop: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await task(this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#onFailure(name, error);
    }
  }
}
