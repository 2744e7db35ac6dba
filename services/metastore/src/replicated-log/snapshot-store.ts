import { DataLossError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";
import type { Directory, DirectoryFile } from "../disk/directory.ts";
import type { LogPosition } from "@hearth/raft";
import { readSnapshot, readSnapshotHeader, writeSnapshot, type SnapshotHeader } from "./snapshot-file.ts";

const NAME_PATTERN = /^snapshot-([0-9]{16})\.bin$/;
const TEMPORARY_SUFFIX = ".tmp";

/** The SHA-256 at the end of each file. */
const DIGEST_BYTES = 32;

/** A snapshot's file, open for reading. What is read from it is not checked. */
export interface SnapshotSource extends AsyncDisposable {
  readonly header: SnapshotHeader;
  readonly sizeBytes: number;
  /** The SHA-256 in the footer: over all before it. */
  readonly digest: Uint8Array;
  /** Bytes `[offset, offset + length)`; fewer at the end of the file. */
  readAt(offset: number, length: number): Promise<Uint8Array>;
}

/** The snapshots of a folder, one file each, named by the index of their last entry. */
export class SnapshotStore {
  readonly #directory: Directory;
  readonly #clock: Clock;

  constructor(deps: { directory: Directory; clock: Clock }) {
    this.#directory = deps.directory;
    this.#clock = deps.clock;
  }

  /** Indexes of the snapshots that have a file, whole or not; newest first. */
  async indexes(): Promise<number[]> {
    const indexes: number[] = [];
    for (const name of await this.#directory.list()) {
      const match = NAME_PATTERN.exec(name);
      if (match) indexes.push(Number(match[1]));
    }
    return indexes.toSorted((a, b) => b - a);
  }

  /**
   * Reads a snapshot and checks all of it; see {@link readSnapshot}.
   *
   * @throws {DataLossError} when it is damaged or not there.
   */
  async read(index: number, onFrame: (frame: Uint8Array) => void): Promise<SnapshotHeader> {
    const header = await this.#readFile(fileName(index), onFrame);
    if (header.position.index !== index) throw new DataLossError("the snapshot is not that of its name");
    return header;
  }

  /**
   * Writes a snapshot: under another name, synced, renamed, read back. Whatever fails, nothing of it
   * stays, and the other snapshots do.
   *
   * @param bytesPerSecond - of writing, so that it does not hold up the log on the same disk.
   * @returns the size of the file in bytes.
   */
  async write(
    header: SnapshotHeader,
    frames: Iterable<Uint8Array>,
    bytesPerSecond: number,
    signal: AbortSignal,
  ): Promise<number> {
    const name = fileName(header.position.index);
    const temporary = name + TEMPORARY_SUFFIX;
    try {
      const sizeBytes = await this.#writeFile(temporary, header, frames, bytesPerSecond, signal);
      await this.#directory.rename(temporary, name);
      await this.#directory.sync();
      await this.read(header.position.index, () => {});
      return sizeBytes;
    } catch (error) {
      await this.#directory.remove(temporary);
      await this.#directory.remove(name);
      throw error;
    }
  }

  /** Opens a snapshot to send it to another node; undefined when it is not there. Pruned meanwhile, it stays readable. */
  async openForSending(index: number): Promise<SnapshotSource | undefined> {
    const file = await this.#directory.open(fileName(index));
    return file && sourceOf(file);
  }

  /**
   * Takes in a file of this folder that came from another node, synced and under a name of its own: checks all of it, then
   * makes it the snapshot of its index. Whatever fails, the other snapshots stay, and so does the file.
   *
   * @param name - of the file.
   * @returns its header. Whether it is of this cluster, the caller decides before using it.
   * @throws {DataLossError} when it is damaged, not there, or not the snapshot at `position`, if that is given.
   */
  async receive(name: string, position?: LogPosition): Promise<SnapshotHeader> {
    const header = await this.#readFile(name, () => {});
    const { index, term, chain } = header.position;
    const isOther =
      position && (index !== position.index || term !== position.term || chain !== position.chain);
    if (isOther) throw new DataLossError("the snapshot is not the one that was announced");
    await this.#directory.rename(name, fileName(index));
    await this.#directory.sync();
    return header;
  }

  /** Removes all but the `count` newest, and what unfinished writes left. */
  async prune(count: number): Promise<void> {
    const old = (await this.indexes()).slice(count).map(fileName);
    const unfinished = (await this.#directory.list()).filter((name) => name.endsWith(TEMPORARY_SUFFIX));
    for (const name of [...old, ...unfinished]) {
      if (name.startsWith("snapshot-")) await this.#directory.remove(name);
    }
    await this.#directory.sync();
  }

  async #readFile(name: string, onFrame: (frame: Uint8Array) => void): Promise<SnapshotHeader> {
    const file = await this.#directory.open(name);
    if (!file) throw new DataLossError("the snapshot is not there");
    await using _ = file;
    return await readSnapshot(file, onFrame);
  }

  async #writeFile(
    name: string,
    header: SnapshotHeader,
    frames: Iterable<Uint8Array>,
    bytesPerSecond: number,
    signal: AbortSignal,
  ): Promise<number> {
    await using file = await this.#directory.create(name);
    const startMs = this.#clock.monotonicMs();
    let written = 0;
    const sizeBytes = await writeSnapshot(file, header, frames, async (chunkBytes) => {
      written += chunkBytes;
      const aheadMs = (written / bytesPerSecond) * 1000 - (this.#clock.monotonicMs() - startMs);
      // Each chunk also waits a turn: encoding must not keep the process from its sockets.
      await this.#clock.sleep(Math.max(0, aheadMs), signal);
    });
    await file.sync();
    return sizeBytes;
  }
}

function fileName(index: number): string {
  return `snapshot-${String(index).padStart(16, "0")}.bin`;
}

async function sourceOf(file: DirectoryFile): Promise<SnapshotSource> {
  try {
    const header = await readSnapshotHeader(file);
    const sizeBytes = await file.sizeBytes();
    const digest = await file.readAt(Math.max(0, sizeBytes - DIGEST_BYTES), DIGEST_BYTES);
    return {
      header,
      sizeBytes,
      digest,
      readAt: (offset, length) => file.readAt(offset, length),
      [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
    };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}
