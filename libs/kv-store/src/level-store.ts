import { Level } from "level";
import { checkLevelTables } from "./check-level-tables.ts";
import type { KvEntry, KvRange, KvScan, KvStore, KvWrite } from "./kv-store.ts";
import { KvLockedError, KvUnreadableError, KvWriteError } from "./kv-store.ts";

export interface LevelStoreOptions {
  /** Bytes that LevelDB gathers in memory, beside its log, before it writes a table. */
  readonly writeBufferBytes: number;
}

type Bytes = Level<Uint8Array, Uint8Array>;

const DEFAULTS: LevelStoreOptions = { writeBufferBytes: 64 * 1024 * 1024 };

/**
 * Opens the LevelDB store in `directory`, and makes one there when there is none. Values are written as they are: what is
 * kept here is compressed or too small to gain.
 *
 * @throws {KvLockedError} when another process has it open.
 * @throws {KvUnreadableError} when LevelDB cannot make sense of its files, or a table is damaged.
 */
export async function openLevelStore(
  directory: string,
  options: LevelStoreOptions = DEFAULTS,
): Promise<KvStore> {
  await checkLevelTables(directory);
  const settings = {
    keyEncoding: "view",
    valueEncoding: "view",
    compression: false,
    writeBufferSize: options.writeBufferBytes,
  };
  const level: Bytes = new Level(directory, settings);
  try {
    await level.open();
  } catch (error) {
    throw openError(directory, error);
  }
  return new LevelStore(level);
}

class LevelStore implements KvStore {
  readonly #level: Bytes;
  #writeFailure: KvWriteError | undefined;
  /** Ends when all commits so far have. One goes after the other: LevelDB is called from threads, which may overtake each other. */
  #written: Promise<void> = Promise.resolve();

  constructor(level: Bytes) {
    this.#level = level;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#level.get(key);
  }

  commit(writes: readonly KvWrite[]): Promise<void> {
    const committed = this.#written.then(() => this.#commit(writes));
    this.#written = committed.catch(() => undefined);
    return committed;
  }

  async #commit(writes: readonly KvWrite[]): Promise<void> {
    if (this.#writeFailure) throw this.#writeFailure;
    try {
      // Typed for browsers too, `level` does not know the option that LevelDB has.
      const durable: object = { sync: true };
      await this.#level.batch(writes.map(toBatchOperation), durable);
    } catch (error) {
      this.#writeFailure ??= new KvWriteError("write failed", { cause: error });
      throw this.#writeFailure;
    }
  }

  scan(range: KvRange): KvScan {
    const iterator = this.#level.iterator({ gte: range.from, lt: range.to });
    return {
      next: (maxCount): Promise<readonly KvEntry[]> => iterator.nextv(maxCount),
      [Symbol.asyncDispose]: () => iterator.close(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#written;
    await this.#level.close();
  }
}

function toBatchOperation(
  write: KvWrite,
): { type: "put"; key: Uint8Array; value: Uint8Array } | { type: "del"; key: Uint8Array } {
  return write.type === "put" ? write : { type: "del", key: write.key };
}

/** `level` says "not open" and keeps the reason as a chain of causes. */
function openError(directory: string, error: unknown): Error {
  for (
    let reason = error;
    typeof reason === "object" && reason !== null;
    reason = Reflect.get(reason, "cause")
  ) {
    if (Reflect.get(reason, "code") === "LEVEL_LOCKED") {
      return new KvLockedError(`another process uses this folder: directory=${directory}`, {
        cause: error,
      });
    }
  }
  return new KvUnreadableError(`the store cannot be opened: directory=${directory}`, { cause: error });
}
