import { FailedPreconditionError } from "@hearth/errors";

export type KvWrite =
  | { readonly type: "put"; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: Uint8Array };

export type KvEntry = readonly [key: Uint8Array, value: Uint8Array];

/** Keys in `[from, to)`, in the order of their bytes. */
export interface KvRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** A pass over a range as it was when the pass began. Dispose it before the store. */
export interface KvScan extends AsyncDisposable {
  /** The next entries, at most `maxCount`; none at the end. */
  next(maxCount: number): Promise<readonly KvEntry[]>;
}

/**
 * An ordered map from bytes to bytes that survives crashes. It is as small as a write-ahead log needs: a write is durable
 * or it failed, and reading goes forward through a range.
 */
export interface KvStore extends AsyncDisposable {
  /** @returns the value, or undefined when there is none. */
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  /**
   * Writes all or nothing; when it resolves, the writes survive a crash. Writes take effect in the order of the calls.
   *
   * @throws {KvWriteError} when the outcome is unknown. The store then refuses every later write, since LevelDB was seen
   * to acknowledge writes after a failed one that were gone at the next start.
   */
  commit(writes: readonly KvWrite[]): Promise<void>;
  scan(range: KvRange): KvScan;
}

/** A write failed: it may or may not be there after a restart, and this store takes no more. */
export class KvWriteError extends Error {
  override readonly name = "KvWriteError";
}

/** Another process has the store open. */
export class KvLockedError extends FailedPreconditionError {}

/** The files of the store cannot be read. */
export class KvUnreadableError extends Error {
  override readonly name = "KvUnreadableError";
}
