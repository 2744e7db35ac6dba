import { throwIfAborted, type Clock } from "@hearth/runtime";

import { checkKey, checkPrefix, compareKeys } from "./key.ts";
import {
  ObjectExistsError,
  ObjectNotFoundError,
  type ByteRange,
  type ListEntry,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
} from "./object-store.ts";
import { checkRange, sliceRange } from "./range.ts";

interface StoredObject {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly modifiedUnixMs: number;
}

/** A bucket that lives as long as its process: for tests and simulations. */
export class MemoryObjectStore implements ObjectStore {
  readonly #clock: Clock;
  readonly #objects = new Map<string, StoredObject>();

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    if (options.ifNoneMatch === "*" && this.#objects.has(key)) throw new ObjectExistsError(key);
    this.#objects.set(key, { bytes: new Uint8Array(bytes), modifiedUnixMs: this.#clock.nowMs() });
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array> {
    return new Uint8Array(this.#object(key, signal).bytes);
  }

  async getRange(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    checkRange(range);
    return sliceRange(key, this.#object(key, signal).bytes, range);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    const { bytes, modifiedUnixMs } = this.#object(key, signal);
    return { sizeBytes: bytes.length, modifiedUnixMs };
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    this.#objects.delete(key);
  }

  async *list(prefix: string, options: ListOptions, signal: AbortSignal): AsyncGenerator<ListEntry> {
    checkPrefix(prefix);
    throwIfAborted(signal);
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareKeys);
    let lastFolder: string | undefined;
    for (const key of keys) {
      throwIfAborted(signal);
      const folder = options.delimiter === undefined ? undefined : folderOf(key, prefix);
      if (!isAfter(folder ?? key, options.startAfter)) continue;
      if (folder === undefined) {
        const stored = this.#objects.get(key);
        if (stored) yield objectEntry(key, stored);
      } else if (folder !== lastFolder) {
        lastFolder = folder;
        yield { type: "prefix", prefix: folder };
      }
    }
  }

  async checkAccess(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
  }

  #object(key: string, signal: AbortSignal): StoredObject {
    checkKey(key);
    throwIfAborted(signal);
    const stored = this.#objects.get(key);
    if (!stored) throw new ObjectNotFoundError(key);
    return stored;
  }
}

/** The key up to its first `/` after the prefix, that included. */
function folderOf(key: string, prefix: string): string | undefined {
  const slash = key.indexOf("/", prefix.length);
  return slash === -1 ? undefined : key.slice(0, slash + 1);
}

function isAfter(name: string, startAfter: string | undefined): boolean {
  return startAfter === undefined || compareKeys(name, startAfter) > 0;
}

function objectEntry(key: string, stored: StoredObject): ListEntry {
  return { type: "object", key, sizeBytes: stored.bytes.length, modifiedUnixMs: stored.modifiedUnixMs };
}
