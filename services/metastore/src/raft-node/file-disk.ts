import type { LogEntry, LogPosition } from "@hearth/raft";

import type { HardStateFile } from "../replicated-log/hard-state.ts";
import type { Identity } from "../replicated-log/identity.ts";
import type { LogChange, LogStore } from "../replicated-log/log-store.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";
import type { SnapshotCompression } from "../replicated-log/snapshot-file.ts";
import type { SnapshotStore } from "../replicated-log/snapshot-store.ts";
import type { Done, HardFacts, NodeDisk, SnapshotFacts } from "./node-ports.ts";

export interface FileDiskParts {
  readonly log: LogStore;
  readonly hardStateFile: HardStateFile;
  readonly identity: Identity;
  readonly snapshots: SnapshotStore;
  readonly stateMachine: StateMachine<unknown>;
  readonly onSnapshot: (snapshot: { sizeBytes: number }) => void;
}

export interface FileDiskSettings {
  /** Snapshots that are kept. */
  readonly retainedSnapshots: number;
  readonly snapshotCompression: SnapshotCompression;
  readonly snapshotBytesPerSecond: number;
}

/** The disk of a node: LevelDB for the log, files for the rest. */
export class FileDisk implements NodeDisk, AsyncDisposable {
  readonly #parts: FileDiskParts;
  readonly #settings: FileDiskSettings;
  readonly #stop = new AbortController();
  readonly #underWay = new Set<Promise<void>>();

  constructor(parts: FileDiskParts, settings: FileDiskSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  writeLog(change: LogChange, done: Done): void {
    this.#run(() => this.#parts.log.change(change), done);
  }

  writeHardState(facts: HardFacts, done: Done): void {
    const { hardStateFile, identity } = this.#parts;
    this.#run(() => hardStateFile.write({ identity, ...facts }), done);
  }

  compactLog(start: LogPosition, done: Done): void {
    this.#run(() => this.#parts.log.compactTo(start), done);
  }

  loadEntries(from: number, to: number, done: (entries: readonly LogEntry[] | undefined) => void): void {
    let entries: LogEntry[] | undefined;
    this.#run(
      async () => {
        entries = await this.#parts.log.range(from, to);
      },
      () => done(entries),
    );
  }

  writeSnapshot({ position, membership }: SnapshotFacts, done: Done): void {
    const { identity, snapshots, stateMachine } = this.#parts;
    const { snapshotCompression: compression, snapshotBytesPerSecond, retainedSnapshots } = this.#settings;
    // Captured in this turn: the state is that of `position`.
    const frames = stateMachine.capture();
    const header = { identity, position, membership, compression };
    this.#run(async () => {
      const { signal } = this.#stop;
      const sizeBytes = await snapshots.write(header, frames, snapshotBytesPerSecond, signal);
      await snapshots.prune(retainedSnapshots);
      this.#parts.onSnapshot({ sizeBytes });
    }, done);
  }

  restoreSnapshot(index: number, done: Done): void {
    this.#run(async () => {
      const restore = this.#parts.stateMachine.restore();
      await this.#parts.snapshots.read(index, (frame) => restore.add(frame));
      restore.finish();
    }, done);
  }

  /** Waits for what is under way, and for what that brings about; snapshots are given up. Closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the metastore stops"));
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    await this.#parts.hardStateFile[Symbol.asyncDispose]();
    await this.#parts.log[Symbol.asyncDispose]();
  }

  #run(work: () => Promise<void>, done: Done): void {
    const running = this.#settle(work, done).finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  async #settle(work: () => Promise<void>, done: Done): Promise<void> {
    try {
      await work();
    } catch (error) {
      done(error ?? new Error("unknown"));
      return;
    }
    done();
  }
}
