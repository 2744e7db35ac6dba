import { ResourceExhaustedError, UnavailableError } from "@hearth/errors";
import type { NodeId } from "@hearth/raft";
import type { Directory, DirectoryFile } from "../disk/directory.ts";
import { isSameSnapshot, type SnapshotChunk, type SnapshotId } from "./snapshot-id.ts";

/**
 * Takes the pieces of a snapshot and puts them into a file, one snapshot at a time: only one leader can be right. What is
 * unfinished stays until it goes on, or a newer one takes its place. Only the whole and checked file counts for anything.
 */

/** What the sender is told; `offset` is what is there, in bytes. */
export interface SnapshotAnswer {
  readonly state: "receiving" | "verifying" | "installed" | "refused";
  readonly offset: number;
}

export interface SnapshotReceiverDeps {
  /** Of the snapshots, so that a whole one only needs another name. */
  readonly directory: Directory;
  /**
   * All of a snapshot is on the disk: check it, and keep it under another name. See `SnapshotStore.receive`.
   *
   * @param fileName - in the directory. Whatever still has this name afterwards is removed.
   * @returns true when this node has the snapshot now, or needs it no more; false when it is damaged.
   */
  readonly onSnapshot: (from: NodeId, term: number, fileName: string) => Promise<boolean>;
}

interface Unfinished {
  readonly id: SnapshotId;
  readonly fileName: string;
  readonly file: DirectoryFile;
  from: NodeId;
  term: number;
  /** Bytes that were written. */
  offset: number;
  isVerifying: boolean;
}

interface Finished {
  readonly id: SnapshotId;
  readonly isInstalled: boolean;
}

const PREFIX = "incoming-";
/** Left for the log and others on the same disk. */
const RESERVED_BYTES = 512 * 1024 * 1024;
/** Each may have a piece with it. More come only when the disk is stuck. */
const MAX_WAITING = 4;

export class SnapshotReceiver implements AsyncDisposable {
  readonly #deps: SnapshotReceiverDeps;
  #unfinished: Unfinished | undefined;
  /** The last one that all came of: its sender may have missed the answer. */
  #finished: Finished | undefined;
  /** Pieces are taken one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #verifying: Promise<void> | undefined;
  #isClosed = false;

  constructor(deps: SnapshotReceiverDeps) {
    this.#deps = deps;
  }

  /** Removes what an earlier process left unfinished. To be called before the first piece comes. */
  async start(): Promise<void> {
    for (const name of await this.#deps.directory.list()) {
      if (name.startsWith(PREFIX)) await this.#deps.directory.remove(name);
    }
  }

  /**
   * Takes a piece, or says where the next one must begin.
   *
   * @throws {ResourceExhaustedError} when there is no room on the disk, or too many pieces wait.
   * @throws {UnavailableError} when another snapshot is being checked, or this node stops.
   * @throws errors of the disk: what came of this snapshot is gone, and it begins anew.
   */
  async receive(chunk: SnapshotChunk): Promise<SnapshotAnswer> {
    if (this.#waiting >= MAX_WAITING) throw new ResourceExhaustedError("too many pieces of snapshots wait");
    this.#waiting++;
    return this.#afterOthers(() => this.#take(chunk)).finally(() => this.#waiting--);
  }

  /** Waits for what is under way. Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#last;
    await this.#verifying;
    await this.#afterOthers(() => this.#discard());
  }

  #afterOthers<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #take(chunk: SnapshotChunk): Promise<SnapshotAnswer> {
    if (this.#isClosed) throw new UnavailableError("the node stops");
    const finished = this.#finished;
    if (finished && isSameSnapshot(finished.id, chunk.id)) {
      const offset = chunk.id.sizeBytes;
      if (finished.isInstalled) return { state: "installed", offset };
      // A damaged one may come again, from its beginning.
      if (chunk.offset === offset) return { state: "refused", offset };
    }
    const current = this.#unfinished;
    if (current && !isSameSnapshot(current.id, chunk.id)) {
      if (!isNewer(chunk, current)) return { state: "refused", offset: 0 };
      if (current.isVerifying) throw new UnavailableError("another snapshot is being checked");
      await this.#discard();
    }
    return this.#takeOf(this.#unfinished ?? (await this.#begin(chunk)), chunk);
  }

  async #takeOf(
    unfinished: Unfinished,
    { from, term, offset, bytes }: SnapshotChunk,
  ): Promise<SnapshotAnswer> {
    if (term >= unfinished.term) {
      unfinished.from = from;
      unfinished.term = term;
    }
    if (unfinished.isVerifying) return { state: "verifying", offset: unfinished.offset };
    const { sizeBytes } = unfinished.id;
    if (offset === unfinished.offset && bytes.length > 0) await this.#write(unfinished, bytes);
    if (unfinished.offset < sizeBytes) return { state: "receiving", offset: unfinished.offset };
    unfinished.isVerifying = true;
    this.#verifying = this.#verify(unfinished);
    return { state: "verifying", offset: sizeBytes };
  }

  async #begin({ from, term, id }: SnapshotChunk): Promise<Unfinished> {
    const { directory } = this.#deps;
    const { freeBytes } = await directory.space();
    if (id.sizeBytes > freeBytes - RESERVED_BYTES) {
      throw new ResourceExhaustedError(`no room for a snapshot: size_bytes=${id.sizeBytes}`);
    }
    const fileName = `${PREFIX}${String(id.position.index).padStart(16, "0")}.tmp`;
    const file = await directory.create(fileName);
    this.#unfinished = { id, fileName, file, from, term, offset: 0, isVerifying: false };
    return this.#unfinished;
  }

  async #write(unfinished: Unfinished, bytes: Uint8Array): Promise<void> {
    try {
      await unfinished.file.writeAt(unfinished.offset, bytes);
      unfinished.offset += bytes.length;
      if (unfinished.offset < unfinished.id.sizeBytes) return;
      await unfinished.file.sync();
      await unfinished.file[Symbol.asyncDispose]();
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  /** Whatever fails here means that the snapshot cannot be used. */
  async #verify({ id, from, term, fileName }: Unfinished): Promise<void> {
    const isInstalled = await this.#deps.onSnapshot(from, term, fileName).catch(() => false);
    await this.#afterOthers(() => {
      this.#finished = { id, isInstalled };
      return this.#discard();
    });
  }

  async #discard(): Promise<void> {
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    if (!unfinished) return;
    try {
      await unfinished.file[Symbol.asyncDispose]();
      await this.#deps.directory.remove(unfinished.fileName);
    } catch {
      // What cannot be removed now is removed at the next start.
    }
  }
}

/** Whether what `chunk` belongs to takes the place of `current`: a later leader knows better, and so does the same one later. */
function isNewer(chunk: SnapshotChunk, current: Unfinished): boolean {
  if (chunk.term !== current.term) return chunk.term > current.term;
  return chunk.id.position.index >= current.id.position.index;
}
