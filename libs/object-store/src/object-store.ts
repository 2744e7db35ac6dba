import { AlreadyExistsError, NotFoundError } from "@hearth/errors";

/**
 * A bucket: named byte strings that are written whole and read whole or in ranges. It is the only durable store for
 * profiles; every implementation passes the same contract suite (`object-store-contract.ts`).
 *
 * Keys are `/`-separated, see {@link checkKey}. Operations that wait take the caller's signal and reject with its
 * reason as soon as it aborts, even if the storage below does not answer.
 */
export interface ObjectStore {
  /**
   * Stores `bytes` under `key`, replacing what is there. When it resolves, the object is durable and every later read
   * sees it; when it rejects, the object may be there or not, but never in part.
   *
   * @param bytes - must not change until the promise settles.
   * @throws {ObjectExistsError} with `ifNoneMatch: "*"` when the key is taken; nothing is changed then.
   * @throws {UnavailableError} when the storage fails: worth trying again.
   * @throws {InvalidArgumentError} for a key that is not allowed.
   */
  put(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void>;
  /**
   * The whole object. The result owns its `ArrayBuffer`, so it can be transferred to a worker.
   *
   * @throws {ObjectNotFoundError} when there is none.
   */
  get(key: string, signal: AbortSignal): Promise<Uint8Array>;
  /**
   * The bytes `[offset, offset + length)`, exactly as many as asked for, in an `ArrayBuffer` of their own.
   *
   * @throws {ObjectNotFoundError} when there is no object.
   * @throws {DataLossError} when the object ends before the range does.
   * @throws {InvalidArgumentError} when the range is empty or not made of integers.
   */
  getRange(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array>;
  /** @throws {ObjectNotFoundError} when there is none. */
  head(key: string, signal: AbortSignal): Promise<ObjectInfo>;
  /** Removes the object; none being there is no error. A crash soon after may bring the object back. */
  delete(key: string, signal: AbortSignal): Promise<void>;
  /**
   * Objects whose keys begin with `prefix`, sorted by the bytes of the key. Objects that come or go meanwhile may or may
   * not be seen; all others are, once.
   */
  list(prefix: string, options: ListOptions, signal: AbortSignal): AsyncIterable<ListEntry>;
  /** @throws {UnavailableError} when objects cannot be written and read. */
  checkAccess(signal: AbortSignal): Promise<void>;
}

export interface PutOptions {
  /** `"*"`: only if there is no object of that key. */
  readonly ifNoneMatch?: "*";
}

/** Half-open: `[offset, offset + length)`, in bytes, `length >= 1`. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface ObjectInfo {
  readonly sizeBytes: number;
  readonly modifiedUnixMs: number;
}

export interface ListOptions {
  /** Only entries that sort after this one. */
  readonly startAfter?: string;
  /** Keys that have a `/` after the prefix are folded into one entry that ends there, as a folder. */
  readonly delimiter?: "/";
}

export type ListEntry =
  | {
      readonly type: "object";
      readonly key: string;
      readonly sizeBytes: number;
      readonly modifiedUnixMs: number;
    }
  | { readonly type: "prefix"; readonly prefix: string };

/** The object is not in the bucket, which the bucket knows for sure: repeating the read cannot help. */
export class ObjectNotFoundError extends NotFoundError {
  constructor(key: string, options?: ErrorOptions) {
    super(`object not found: key=${key}`, options);
  }
}

/** A conditional put found the key taken. */
export class ObjectExistsError extends AlreadyExistsError {
  constructor(key: string, options?: ErrorOptions) {
    super(`object exists already: key=${key}`, options);
  }
}
