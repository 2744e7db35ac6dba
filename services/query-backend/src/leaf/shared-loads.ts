import { CanceledError } from "@hearth/errors";
import { untilAborted } from "@hearth/runtime";

interface Load<T> {
  readonly promise: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/** Whoever wants the same thing at once shares one load, which is aborted when none of them waits any more. */
export class SharedLoads<K, T> {
  readonly #loads = new Map<K, Load<T>>();

  /**
   * @param load - begun where none runs for the key.
   * @throws what `load` throws (the next one begins anew), or the signal's reason.
   */
  async get(key: K, load: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const running = this.#loads.get(key) ?? this.#start(key, load);
    running.waiting++;
    try {
      return await untilAborted(running.promise, signal);
    } finally {
      if (--running.waiting === 0 && this.#loads.get(key) === running) {
        this.#loads.delete(key);
        running.abort.abort(new CanceledError("nobody waits for this read any more"));
      }
    }
  }

  #start(key: K, load: (signal: AbortSignal) => Promise<T>): Load<T> {
    const abort = new AbortController();
    const started: Load<T> = { promise: load(abort.signal), abort, waiting: 0 };
    this.#loads.set(key, started);
    const end = (): void => {
      if (this.#loads.get(key) === started) this.#loads.delete(key);
    };
    started.promise.then(end, end);
    return started;
  }
}
