import { LRUCache } from "lru-cache";
import { SharedLoads } from "./shared-loads.ts";

interface Entry {
  readonly value: unknown;
  readonly sizeBytes: number;
}

/**
 * Decoded sections of immutable blocks under a budget of bytes. Queries that want the same section at once share one
 * load, which is aborted when none of them waits any more.
 */
export class SectionCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loads = new SharedLoads<string, Entry>();

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
    const loadAndKeep = async (loadSignal: AbortSignal): Promise<Entry> => {
      const entry = await load(loadSignal);
      this.#entries.set(key, entry);
      return entry;
    };
    return (await this.#loads.get(key, loadAndKeep, signal)).value as T;
  }

  /** Whether it would be answered without loading. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }
}
