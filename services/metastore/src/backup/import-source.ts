import { constants } from "node:fs";
import { open, readdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { FailedPreconditionError } from "@hearth/errors";
import { parseMetastoreSnapshotKey, type ObjectStore } from "@hearth/object-store";
import type { DirectoryFile } from "../disk/directory.ts";
import { chooseSnapshotFile } from "./choose-snapshot-file.ts";
import { fileOfBytes, readOnlyFile } from "./read-only-file.ts";

/** Where a snapshot to import comes from. Nothing that it gives out is checked yet. */
export interface ImportSource {
  /** For messages. */
  readonly name: string;
  /** @throws {DomainError} when there is no snapshot. */
  open(signal: AbortSignal): Promise<DirectoryFile>;
}

/** The newest snapshot in a folder; see {@link chooseSnapshotFile}. Links are not followed. */
export function folderSource(path: string): ImportSource {
  return {
    name: path,
    async open() {
      const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
        throw new FailedPreconditionError("the folder cannot be read", { cause: error });
      });
      const name = chooseSnapshotFile(
        entries.map((entry) => ({ name: entry.name, isPlainFile: entry.isFile() })),
      );
      return openPlainFile(join(path, name), name);
    },
  };
}

/** A copy in the bucket. */
export function bucketSource(objectStore: Pick<ObjectStore, "get">, key: string): ImportSource {
  return {
    name: key,
    async open(signal) {
      if (!parseMetastoreSnapshotKey(key)) throw new FailedPreconditionError("not the name of a copy");
      return fileOfBytes(await objectStore.get(key, signal));
    },
  };
}

/** What was a plain file when the folder was read may be a link by now. */
async function openPlainFile(path: string, name: string): Promise<DirectoryFile> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch((error: unknown) => {
    throw new FailedPreconditionError(`the file cannot be opened: ${name}`, { cause: error });
  });
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw new FailedPreconditionError(`not a plain file: ${name}`);
  }
  return readOnlyFile({
    sizeBytes: async () => (await handle.stat()).size,
    readAt: (offset, length) => readFully(handle, offset, length),
    [Symbol.asyncDispose]: () => handle.close(),
  });
}

async function readFully(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
