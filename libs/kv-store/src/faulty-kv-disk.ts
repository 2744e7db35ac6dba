import type { KvEntry, KvRange, KvScan, KvStore, KvWrite } from "./kv-store.ts";
import { KvUnreadableError, KvWriteError } from "./kv-store.ts";
import { scanOf } from "./memory-kv-store.ts";
import { SortedEntries } from "./sorted-entries.ts";

interface Pending {
  readonly writes: readonly KvWrite[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** How many turns of the microtask queue a write takes, from a random number in `[0, 1)`. */
const MAX_TURNS = 8;

/**
 * A disk with a key-value store on it, made to fail: for tests. A crash keeps what was acknowledged and, of the writes that
 * were under way, any number of the first ones; each write is whole or absent, as LevelDB's are. Stored bytes can be
 * damaged, and a write can be made to fail.
 */
export class FaultyKvDisk {
  readonly #random: { next(): number };
  #stored = new SortedEntries();
  #pending: Pending[] = [];
  #generation = 0;
  #commitsUntilFailure = Infinity;

  constructor(random: { next(): number }) {
    this.#random = random;
  }

  /** Opens the store; handles that were opened before are dead. */
  open(): KvStore {
    this.#generation++;
    return new FaultyKvStore(this, this.#generation);
  }

  /** The power goes: open handles never answer again. Failing ends with it. */
  crash(): void {
    this.#generation++;
    this.#commitsUntilFailure = Infinity;
    const survivorCount = Math.floor(this.#random.next() * (this.#pending.length + 1));
    for (const pending of this.#pending.slice(0, survivorCount)) this.#stored.apply(pending.writes);
    this.#pending = [];
  }

  /** Lets `count` more commits succeed; the one after fails, and is stored or not. */
  failAfter(count: number): void {
    this.#commitsUntilFailure = count;
  }

  /** Changes stored bytes behind the store's back; `undefined` removes the entry. */
  damage(key: Uint8Array, change: (value: Uint8Array) => Uint8Array | undefined): void {
    this.#stored.damage(key, change);
  }

  entries(range: KvRange): KvEntry[] {
    return this.#stored.range(range);
  }

  get(generation: number, key: Uint8Array): Promise<Uint8Array | undefined> {
    if (generation !== this.#generation) return never();
    return Promise.resolve(this.#stored.get(key));
  }

  scan(generation: number, range: KvRange): KvScan {
    if (generation !== this.#generation) return { next: never, [Symbol.asyncDispose]: async () => {} };
    return scanOf(this.#stored.range(range));
  }

  async commit(generation: number, writes: readonly KvWrite[]): Promise<void> {
    if (generation !== this.#generation) return never();
    if (this.#commitsUntilFailure-- <= 0) return this.#fail(writes);
    const done = new Promise<void>((resolve, reject) => this.#pending.push({ writes, resolve, reject }));
    void this.#finishInTurn(generation, Math.floor(this.#random.next() * MAX_TURNS));
    return done;
  }

  #fail(writes: readonly KvWrite[]): never {
    if (this.#random.next() < 0.5) this.#stored.apply(writes);
    throw new KvWriteError("write failed", { cause: new Error("input/output error") });
  }

  async #finishInTurn(generation: number, turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    if (generation !== this.#generation) return;
    const first = this.#pending.shift();
    if (!first) return;
    this.#stored.apply(first.writes);
    first.resolve();
  }
}

class FaultyKvStore implements KvStore {
  readonly #disk: FaultyKvDisk;
  readonly #generation: number;
  #failure: KvWriteError | undefined;
  #isClosed = false;

  constructor(disk: FaultyKvDisk, generation: number) {
    this.#disk = disk;
    this.#generation = generation;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#checkOpen();
    return this.#disk.get(this.#generation, key);
  }

  async commit(writes: readonly KvWrite[]): Promise<void> {
    this.#checkOpen();
    if (this.#failure) throw this.#failure;
    try {
      await this.#disk.commit(this.#generation, writes);
    } catch (error) {
      this.#failure = error as KvWriteError;
      throw error;
    }
  }

  scan(range: KvRange): KvScan {
    this.#checkOpen();
    return this.#disk.scan(this.#generation, range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new KvUnreadableError("the store is closed");
  }
}

/** What a dead machine answers. */
function never(): Promise<never> {
  return new Promise(() => {});
}
