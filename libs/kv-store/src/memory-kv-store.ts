import type { KvEntry, KvRange, KvScan, KvStore, KvWrite } from "./kv-store.ts";
import { SortedEntries } from "./sorted-entries.ts";

/** A store without a disk: for tests, and as the model that the others are compared with. */
export class MemoryKvStore implements KvStore {
  readonly #entries = new SortedEntries();

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#entries.get(key);
  }

  async commit(writes: readonly KvWrite[]): Promise<void> {
    this.#entries.apply(writes);
  }

  scan(range: KvRange): KvScan {
    return scanOf(this.#entries.range(range));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A scan over entries that are in memory. */
export function scanOf(entries: readonly KvEntry[]): KvScan {
  let at = 0;
  return {
    async next(maxCount) {
      const batch = entries.slice(at, at + maxCount);
      at += batch.length;
      return batch;
    },
    async [Symbol.asyncDispose]() {},
  };
}
