import type { Directory, DirectoryFile } from "../../../src/disk/directory.ts";

/** Files in memory that nothing ever happens to: for large ones, which a disk that can crash takes long for. */
export class MemoryDirectory implements Directory {
  readonly #files = new Map<string, MemoryFile>();

  async list(): Promise<readonly string[]> {
    return [...this.#files.keys()].toSorted();
  }

  async open(name: string): Promise<DirectoryFile | undefined> {
    return this.#files.get(name);
  }

  async create(name: string): Promise<DirectoryFile> {
    const file = new MemoryFile();
    this.#files.set(name, file);
    return file;
  }

  async rename(from: string, to: string): Promise<void> {
    this.#files.set(to, this.#files.get(from)!);
    this.#files.delete(from);
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async sync(): Promise<void> {}

  async space(): Promise<{ freeBytes: number; totalBytes: number }> {
    return { freeBytes: 2 ** 40, totalBytes: 2 ** 40 };
  }
}

class MemoryFile implements DirectoryFile {
  #bytes = Buffer.alloc(0);

  async sizeBytes(): Promise<number> {
    return this.#bytes.length;
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    return this.#bytes.subarray(offset, offset + length);
  }

  async writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    const rest = this.#bytes.subarray(offset + bytes.length);
    this.#bytes = Buffer.concat([this.#bytes.subarray(0, offset), bytes, rest]);
  }

  async sync(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
