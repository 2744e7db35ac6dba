import { LRUCache } from "lru-cache";
import { CanceledError } from "@hearth/errors";
import { untilAborted } from "@hearth/runtime";

interface Entry {
  readonly value: unknown;
  readonly sizeBytes: number;
}

interface Load {
  readonly promise: Promise<Entry>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Decoded sections of immutable blocks under a budget of bytes. Queries that want the same section at once share one
 * load, which is aborted when none of them waits any more.
 */
export class SectionCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loads = new Map<string, Load>();

  /** @param budgetBytes - what the decoded sections may take; 0 keeps nothing. */
  constructor(budgetBytes: number) {
    this.#entries = new LRUCache({
      maxSize: Math.max(1, budgetBytes),
      sizeCalculation: ({ sizeBytes }) => Math.max(1, sizeBytes),
    });
  }

  /**
   * @param load - decodes the section; its result must not be changed by anyone.
   * @throws what `load` throws (nothing is remembered then), or the signal's reason.
   */
  async get<T>(
    key: string,
    load: (signal: AbortSignal) => Promise<{ value: T; sizeBytes: number }>,
    signal: AbortSignal,
  ): Promise<T> {
    const known = this.#entries.get(key);
    if (known) return known.value as T;
    const entry = await this.#wait(key, this.#loads.get(key) ?? this.#start(key, load), signal);
    return entry.value as T;
  }

  #start(key: string, load: (signal: AbortSignal) => Promise<Entry>): Load {
    const abort = new AbortController();
    const promise = load(abort.signal).then(
      (entry) => {
        this.#entries.set(key, entry);
        this.#loads.delete(key);
        return entry;
      },
      (error: unknown) => {
        this.#loads.delete(key);
        throw error;
      },
    );
    const started = { promise, abort, waiting: 0 };
    this.#loads.set(key, started);
    return started;
  }

  async #wait(key: string, load: Load, signal: AbortSignal): Promise<Entry> {
    load.waiting++;
    try {
      return await untilAborted(load.promise, signal);
    } finally {
      if (--load.waiting === 0 && this.#loads.get(key) === load) {
        this.#loads.delete(key);
        load.abort.abort(new CanceledError("no query waits for this section any more"));
      }
    }
  }
}
