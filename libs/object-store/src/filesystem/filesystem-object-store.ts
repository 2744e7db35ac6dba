/**
 * A bucket in a folder. A put writes a staged file, syncs it, renames it to its key and syncs the folder: a crash at any
 * moment leaves the old object or the new one, and what was acknowledged is on the disk. All work is asynchronous;
 * several processes may share the folder.
 */
import { link, mkdir, open, readdir, rename, rmdir, stat, unlink, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, resolve } from "node:path";

import { throwIfAborted, untilAborted, type Clock, type Random } from "@hearth/runtime";

import { checkKey, checkPrefix, STAGING_FOLDER } from "../key.ts";
import {
  ObjectExistsError,
  type ByteRange,
  type ListEntry,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
} from "../object-store.ts";
import { checkRange, rangeBeyondEnd } from "../range.ts";
import { DurableFolders, syncFolder } from "./durable-folders.ts";
import { errnoOf, readFailure, writeFailure } from "./file-errors.ts";
import { listFolder } from "./list-folder.ts";
import { isAbandoned, stagedFileName } from "./staged-file.ts";

/** Ranges beyond this are compared with the size of the file before memory is taken. */
const CHECKED_LENGTH = 1 << 20;

export interface FilesystemObjectStoreDeps {
  readonly clock: Clock;
  readonly random: Random;
}

/** A bucket in a folder: see the top of this file. `start()` first; closing waits for the work that callers left behind. */
export class FilesystemObjectStore implements ObjectStore, AsyncDisposable {
  readonly #root: string;
  readonly #staging: string;
  readonly #deps: FilesystemObjectStoreDeps;
  readonly #folders: DurableFolders;
  /** Work that callers may have stopped waiting for. */
  readonly #pending = new Set<Promise<unknown>>();

  /** @param settings.dir - root of the bucket; made by {@link start} when it is not there. */
  constructor(settings: { dir: string }, deps: FilesystemObjectStoreDeps) {
    this.#root = resolve(settings.dir);
    this.#staging = join(this.#root, STAGING_FOLDER);
    this.#deps = deps;
    this.#folders = new DurableFolders(this.#root);
  }

  /** Makes the root, and removes what crashed puts have left behind. To be called once, before anything else. */
  async start(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await makeRoot(this.#root).catch(rethrowWrite(STAGING_FOLDER));
    await mkdir(this.#staging, { recursive: true, mode: 0o700 }).catch(rethrowWrite(STAGING_FOLDER));
    await this.#removeAbandoned(signal).catch(rethrowWrite(STAGING_FOLDER));
  }

  /** Waits for work that was left alone by its callers. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    await this.#run(this.#write(key, bytes, options, signal).catch(rethrowWrite(key)), signal);
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array> {
    return this.#read(key, signal, async (handle) => {
      const { size } = await handle.stat();
      return readExactly(handle, key, { offset: 0, length: size });
    });
  }

  async getRange(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    checkRange(range);
    return this.#read(key, signal, (handle) => readExactly(handle, key, range));
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    return this.#read(key, signal, async (handle) => {
      const info = await handle.stat();
      if (!info.isFile()) throw Object.assign(new Error("is a folder"), { code: "EISDIR" });
      return { sizeBytes: info.size, modifiedUnixMs: Math.floor(info.mtimeMs) };
    });
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    checkKey(key);
    throwIfAborted(signal);
    await this.#run(this.#remove(key).catch(rethrowWrite(key)), signal);
  }

  list(prefix: string, options: ListOptions, signal: AbortSignal): AsyncIterable<ListEntry> {
    checkPrefix(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    return listFolder({ root: this.#root, prefix, options, signal }, folder);
  }

  async checkAccess(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const probe = async (): Promise<void> => {
      const staged = this.#stagedPath();
      await writeDurably(staged, new Uint8Array(1), signal);
      await unlink(staged);
    };
    await this.#run(probe().catch(rethrowWrite(STAGING_FOLDER)), signal);
  }

  async #write(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    const path = join(this.#root, key);
    const staged = this.#stagedPath();
    try {
      await bothDone(writeDurably(staged, bytes, signal), this.#folders.ensure(dirname(path)));
      throwIfAborted(signal);
      await this.#publish(staged, path, key, options);
    } catch (error) {
      await unlink(staged).catch(ignoreMissing);
      throw error;
    }
    await this.#folders.sync(dirname(path));
  }

  /** Gives the staged file its name; once more when somebody removed the empty folder meanwhile. */
  async #publish(staged: string, path: string, key: string, options: PutOptions): Promise<void> {
    const move = options.ifNoneMatch === "*" ? moveUnlessTaken : rename;
    try {
      await move(staged, path);
    } catch (error) {
      if (errnoOf(error) === "EEXIST") throw new ObjectExistsError(key);
      if (errnoOf(error) !== "ENOENT") throw error;
      this.#folders.forget(dirname(path));
      await this.#folders.ensure(dirname(path));
      await move(staged, path);
    }
  }

  async #remove(key: string): Promise<void> {
    const path = join(this.#root, key);
    await unlink(path).catch(ignoreMissing);
    const folder = dirname(path);
    if (folder === this.#root) return;
    this.#folders.forget(folder);
    await rmdir(folder).catch(ignoreUsed);
  }

  async #read<T>(key: string, signal: AbortSignal, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    checkKey(key);
    throwIfAborted(signal);
    const read = async (): Promise<T> => {
      const handle = await open(join(this.#root, key), "r");
      try {
        return await use(handle);
      } finally {
        await handle.close();
      }
    };
    return this.#run(read().catch(rethrowRead(key)), signal);
  }

  /** Lets the caller go when its signal aborts, and remembers the work for closing. */
  async #run<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    this.#pending.add(work);
    const forget = (): boolean => this.#pending.delete(work);
    work.then(forget, forget);
    return untilAborted(work, signal);
  }

  #stagedPath(): string {
    const suffix = new Uint8Array(10);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
    this.#deps.random.fill(suffix);
    return join(this.#staging, stagedFileName({ host: hostname(), pid: process.pid }, suffix));
  }

  async #removeAbandoned(signal: AbortSignal): Promise<void> {
    const observer = {
      host: hostname(),
      pid: process.pid,
      processStartMs: performance.timeOrigin,
      nowMs: this.#deps.clock.nowMs(),
      isRunning,
    };
    for (const name of await readdir(this.#staging)) {
      throwIfAborted(signal);
      const path = join(this.#staging, name);
      const info = await stat(path).catch(ignoreMissing);
      if (info && isAbandoned(name, info.mtimeMs, observer)) await unlink(path).catch(ignoreMissing);
    }
  }
}

async function makeRoot(root: string): Promise<void> {
  const first = await mkdir(root, { recursive: true, mode: 0o750 });
  if (first === undefined) return;
  for (let path = root; path !== dirname(first); path = dirname(path)) await syncFolder(dirname(path));
}

async function writeDurably(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const handle = await open(path, "wx", 0o640);
  try {
    await handle.writeFile(bytes, { signal });
    await handle.datasync();
  } catch (error) {
    throwIfAborted(signal);
    throw error;
  } finally {
    await handle.close();
  }
}

/** A link, unlike a rename, refuses to replace. */
async function moveUnlessTaken(from: string, to: string): Promise<void> {
  await link(from, to);
  await unlink(from);
}

async function readExactly(handle: FileHandle, key: string, range: ByteRange): Promise<Uint8Array> {
  // A length that damaged metadata made up must not be allocated first.
  if (range.length > CHECKED_LENGTH) await checkEnd(handle, key, range);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(range.length).buffer);
  for (let filled = 0; filled < range.length;) {
    const { bytesRead } = await handle.read(bytes, filled, range.length - filled, range.offset + filled);
    if (bytesRead === 0) throw rangeBeyondEnd(key, range);
    filled += bytesRead;
  }
  return bytes;
}

async function checkEnd(handle: FileHandle, key: string, range: ByteRange): Promise<void> {
  const { size } = await handle.stat();
  if (range.offset + range.length > size) throw rangeBeyondEnd(key, range);
}

/** Waits for both even when one fails, so that nothing runs on behind the caller. */
async function bothDone(first: Promise<void>, second: Promise<void>): Promise<void> {
  const results = await Promise.allSettled([first, second]);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

function rethrowRead(key: string): (error: unknown) => never {
  return (error) => {
    throw readFailure(key, error);
  };
}

function rethrowWrite(key: string): (error: unknown) => never {
  return (error) => {
    throw writeFailure(key, error);
  };
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
}

/** The folder holds other objects, is gone, or is being written to. */
function ignoreUsed(error: unknown): void {
  const errno = errnoOf(error);
  if (errno !== "ENOTEMPTY" && errno !== "EEXIST" && errno !== "ENOENT" && errno !== "ENOTDIR") throw error;
}
