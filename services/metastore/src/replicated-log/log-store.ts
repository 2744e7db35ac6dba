import { crc32 } from "node:zlib";
import type { KvStore, KvWrite } from "@hearth/kv-store";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { decodeIdentity, encodeIdentity, type Identity } from "./identity.ts";
import { decodeEntry, encodeEntry } from "./log-entry.ts";
import type { LogEntry, LogPosition } from "@hearth/raft";

/**
 * The log on disk.
 *
 *     m            identity
 *     f            the position before the first entry
 *     l + index    an entry; the index is 8 bytes, most significant first
 *
 * Every change is one batch and synced. Values carry checksums, since LevelDB does not check what it reads.
 */

const IDENTITY_KEY = Uint8Array.of(0x6d);
const START_KEY = Uint8Array.of(0x66);
const ENTRY_PREFIX = 0x6c;
/** Deletions in one batch. */
const DELETE_BATCH = 1_000;
const READ_BATCH = 256;
/** Of entries that are read together. */
const RANGE_BYTES = 4 * 1024 * 1024;

/** A value as it was found. */
export type Stored<T> =
  | { readonly type: "absent" }
  | { readonly type: "damaged" }
  | { readonly type: "valid"; readonly value: T };

export interface LogChange {
  /** The whole log goes, and begins anew after this place. */
  readonly start: LogPosition | undefined;
  /** Entries `[from, to]` that go first; none when undefined. */
  readonly remove: { readonly from: number; readonly to: number } | undefined;
  readonly entries: readonly LogEntry[];
}

export class LogStore implements AsyncDisposable {
  readonly #kv: KvStore;

  constructor(kv: KvStore) {
    this.#kv = kv;
  }

  async identity(): Promise<Stored<Identity>> {
    return unseal(await this.#kv.get(IDENTITY_KEY), decodeIdentity);
  }

  /** The position before the first entry. */
  async start(): Promise<Stored<LogPosition>> {
    return unseal(await this.#kv.get(START_KEY), decodePosition);
  }

  /** Entries from `index` on, as they lie there: undefined for one that is damaged. Nothing is said of gaps. */
  async *entries(index: number): AsyncGenerator<{ index: number; entry: LogEntry | undefined }> {
    await using scan = this.#kv.scan({ from: entryKey(index), to: Uint8Array.of(ENTRY_PREFIX + 1) });
    for (;;) {
      const batch = await scan.next(READ_BATCH);
      if (batch.length === 0) return;
      for (const [key, value] of batch) {
        const entry = decodeEntry(value);
        const keyIndex = indexOf(key);
        yield { index: keyIndex, entry: entry?.index === keyIndex ? entry : undefined };
      }
    }
  }

  /**
   * Entries `[from, to)`, but not much more than 4 MiB of them, and at least one; undefined when one is not there or
   * damaged.
   */
  async range(from: number, to: number): Promise<LogEntry[] | undefined> {
    const found: LogEntry[] = [];
    let sizeBytes = 0;
    for await (const { entry } of this.entries(from)) {
      if (entry?.index !== from + found.length) return undefined;
      found.push(entry);
      sizeBytes += entry.payload.length;
      if (found.length === to - from || sizeBytes >= RANGE_BYTES) return found;
    }
    return undefined;
  }

  /** One atomic change; see {@link LogChange}. */
  async change({ start, remove, entries }: LogChange): Promise<void> {
    const writes: KvWrite[] = [];
    if (start) {
      writes.push({ type: "put", key: START_KEY, value: seal((out) => encodePosition(start, out)) });
    }
    const { from, to } = remove ?? { from: 0, to: -1 };
    for (let index = from; index <= to; index++) writes.push({ type: "delete", key: entryKey(index) });
    for (const entry of entries) {
      writes.push({ type: "put", key: entryKey(entry.index), value: encodeEntry(entry) });
    }
    await this.#kv.commit(writes);
  }

  /** Makes the log that of `identity`, beginning after `start`. */
  async writeHead(identity: Identity, start: LogPosition): Promise<void> {
    await this.#kv.commit([
      { type: "put", key: IDENTITY_KEY, value: seal((out) => encodeIdentity(identity, out)) },
      { type: "put", key: START_KEY, value: seal((out) => encodePosition(start, out)) },
    ]);
  }

  /**
   * Drops the entries up to `start`. The start moves first: a crash in between leaves entries before it, which
   * {@link removeBefore} takes away at the next start.
   */
  async compactTo(start: LogPosition): Promise<void> {
    await this.#kv.commit([
      { type: "put", key: START_KEY, value: seal((out) => encodePosition(start, out)) },
    ]);
    await this.removeBefore(start.index + 1);
  }

  /** Removes entries before `index`. */
  async removeBefore(index: number): Promise<void> {
    await this.#removeRange(entryKey(0), entryKey(index));
  }

  /** Removes entries from `index` on. */
  async removeFrom(index: number): Promise<void> {
    await this.#removeRange(entryKey(index), Uint8Array.of(ENTRY_PREFIX + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kv[Symbol.asyncDispose]();
  }

  async #removeRange(from: Uint8Array, to: Uint8Array): Promise<void> {
    await using scan = this.#kv.scan({ from, to });
    for (;;) {
      const batch = await scan.next(DELETE_BATCH);
      if (batch.length === 0) return;
      await this.#kv.commit(batch.map(([key]) => ({ type: "delete", key })));
    }
  }
}

function entryKey(index: number): Uint8Array {
  const key = new Uint8Array(9);
  key[0] = ENTRY_PREFIX;
  new DataView(key.buffer).setBigUint64(1, BigInt(index));
  return key;
}

/** The index in a key; -1 when the key is too short to have one. */
function indexOf(key: Uint8Array): number {
  if (key.length !== 9) return -1;
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(1));
}

function encodePosition(position: LogPosition, out: ByteWriter): void {
  out.integer(position.index);
  out.integer(position.term);
  out.uint32(position.chain);
}

function decodePosition(bytes: ByteReader): LogPosition {
  return { index: bytes.integer(), term: bytes.integer(), chain: bytes.uint32() };
}

/** A checksum, then the content. */
function seal(write: (out: ByteWriter) => void): Uint8Array {
  const content = new ByteWriter();
  write(content);
  const sealed = new ByteWriter();
  sealed.uint32(crc32(content.written()));
  sealed.bytes(content.written());
  return sealed.written().slice();
}

function unseal<T>(bytes: Uint8Array | undefined, read: (content: ByteReader) => T): Stored<T> {
  if (!bytes) return { type: "absent" };
  try {
    const reader = new ByteReader(bytes);
    const crc = reader.uint32();
    if (crc !== crc32(bytes.subarray(reader.offset))) return { type: "damaged" };
    return { type: "valid", value: read(reader) };
  } catch {
    return { type: "damaged" };
  }
}
