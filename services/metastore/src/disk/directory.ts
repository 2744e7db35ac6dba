import { mkdir, open, readdir, rename, rm, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

/**
 * Files of one folder, with the operations that decide what survives a crash. It stands between the metastore's files and
 * the disk so that tests can crash, tear and damage it.
 */
export interface Directory {
  /** Names, sorted. */
  list(): Promise<readonly string[]>;
  /** Opens for reading and writing; undefined when there is no such file. */
  open(name: string): Promise<DirectoryFile | undefined>;
  /** Makes an empty file; what had the name is gone. */
  create(name: string): Promise<DirectoryFile>;
  /** Replaces what had the name `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Nothing there is no error. */
  remove(name: string): Promise<void>;
  /** Makes names durable: creations, renames, removals. */
  sync(): Promise<void>;
  /** What is left on the disk that the folder is on. */
  space(): Promise<DiskSpace>;
}

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface DirectoryFile extends AsyncDisposable {
  sizeBytes(): Promise<number>;
  /** Bytes `[offset, offset + length)`; fewer at the end of the file. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
}

/** The folder at `path`, made if it is not there. */
export async function openDirectory(path: string): Promise<Directory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  return new NodeDirectory(path);
}

class NodeDirectory implements Directory {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async list(): Promise<readonly string[]> {
    return (await readdir(this.#path)).toSorted();
  }

  async open(name: string): Promise<DirectoryFile | undefined> {
    try {
      return new NodeFile(await open(join(this.#path, name), "r+"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  async create(name: string): Promise<DirectoryFile> {
    return new NodeFile(await open(join(this.#path, name), "w+", 0o600));
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.#path, from), join(this.#path, to));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#path, name), { force: true });
  }

  async sync(): Promise<void> {
    const handle = await open(this.#path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async space(): Promise<DiskSpace> {
    const { bavail, blocks, bsize } = await statfs(this.#path);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }
}

class NodeFile implements DirectoryFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async sizeBytes(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const { bytesWritten } = await this.#handle.write(
        bytes,
        written,
        bytes.length - written,
        offset + written,
      );
      written += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    await this.#handle.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
