import type { DirectoryFile } from "../disk/directory.ts";

/** What a file of which nothing is written must know. */
export interface ReadableFile extends AsyncDisposable {
  sizeBytes(): Promise<number>;
  /** Bytes `[offset, offset + length)`; fewer at the end. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
}

/** Something readable as a file; writing to it fails. */
export function readOnlyFile(file: ReadableFile): DirectoryFile {
  const refuse = (): Promise<never> => Promise.reject(new Error("the file is only to be read"));
  return {
    sizeBytes: () => file.sizeBytes(),
    readAt: (offset, length) => file.readAt(offset, length),
    writeAt: refuse,
    sync: refuse,
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

/** Bytes in memory as a file. */
export function fileOfBytes(bytes: Uint8Array): DirectoryFile {
  return readOnlyFile({
    sizeBytes: async () => bytes.length,
    readAt: async (offset, length) => bytes.subarray(offset, offset + length),
    async [Symbol.asyncDispose]() {},
  });
}
