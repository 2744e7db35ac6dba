import { ResourceExhaustedError, UnavailableError } from "@hearth/errors";
import { defaultRaftSettings, type Alarm, type LogEntry, type RaftStatus } from "@hearth/raft";
import { untilAborted, type Clock, type Random } from "@hearth/runtime";

import { markDiverged } from "../replicated-log/divergence-mark.ts";
import type { HardState } from "../replicated-log/hard-state.ts";
import type { Identity } from "../replicated-log/identity.ts";
import { chainValue } from "../replicated-log/log-entry.ts";
import {
  openStorage,
  type ClusterSettings,
  type OpenStorage,
  type StorageDeps,
} from "../replicated-log/open-storage.ts";
import type { RefusalReason } from "../replicated-log/recovery.ts";
import type { LogRole, LogStatus, ReplicatedLog, StateMachine } from "../replicated-log/replicated-log.ts";
import { FileDisk, type FileDiskSettings } from "./file-disk.ts";
import type { NodeNetwork } from "./node-ports.ts";
import { notLeader } from "./not-leader.ts";
import { RaftNode } from "./raft-node.ts";

export interface RaftLogSettings extends ClusterSettings, FileDiskSettings {
  /** Entries that a snapshot leaves in the log. */
  readonly trailingEntries: number;
  /** As in `RaftNodeDeps`. */
  readonly checkpointEntries?: number | undefined;
}

export interface RaftLogDeps<Result> extends StorageDeps {
  readonly stateMachine: StateMachine<Result>;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: NodeNetwork;
  readonly observer: LogObserver;
}

/** Is told what happens; decides what of it is counted, logged or ends the process. */
export interface LogObserver {
  /** The log takes no more: a write failed, or the files are damaged. Called once. */
  onProblem(role: "corrupt" | "failed", problem: string, cause: unknown): void;
  onWrite(batch: { entryCount: number; sizeBytes: number; elapsedMs: number }): void;
  onApply(command: { elapsedMs: number; sizeBytes: number }): void;
  onSnapshot(snapshot: { sizeBytes: number; elapsedMs: number }): void;
  /** Role, term, leader or members are others now. */
  onStatus?(status: RaftStatus): void;
  /** Something for people to look at, that does not end this node. */
  onAlarm?(alarm: Alarm): void;
}

/** Sends nothing: of a node without peers. */
export const noNetwork: NodeNetwork = {
  send() {},
  sendSnapshot(_to, _term, done) {
    queueMicrotask(() => done(undefined));
  },
};

const ROLES: Readonly<Record<RaftStatus["role"], LogRole>> = {
  follower: "follower",
  "pre-candidate": "candidate",
  candidate: "candidate",
  leader: "leader",
};

/**
 * The log of a Raft group as promises: opens the files, runs the node on them, and turns answers into results and errors. A
 * cluster of one is elected at once and needs no network; all else is the same.
 */
export class RaftReplicatedLog<Result> implements ReplicatedLog<Result>, AsyncDisposable {
  readonly #deps: RaftLogDeps<Result>;
  readonly #settings: RaftLogSettings;
  #node: RaftNode<Result> | undefined;
  #disk: FileDisk | undefined;
  #identity: Identity | undefined;
  #role: LogRole = "starting";
  #problem: string | undefined;
  /** Why proposals are refused for a while. */
  #hold: string | undefined;
  #bytesSinceSnapshot = 0;
  /** Called when the role changes or an entry was applied. */
  #onChange: (() => void) | undefined;

  constructor(deps: RaftLogDeps<Result>, settings: RaftLogSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * Reads the files and starts the node. A cluster of one leads, with all that its log has applied, when this resolves.
   * Damaged files do not make it fail: the role is `corrupt` then.
   *
   * @throws {KvLockedError} when another process uses the files, and errors of the disk.
   */
  async start(): Promise<void> {
    const storage = await openStorage(this.#deps, this.#settings, this.#deps.stateMachine);
    if (storage.type === "refused") {
      this.#end("corrupt", problemOf(storage), storage.cause);
      return;
    }
    await this.#run(storage);
    if (this.#isAlone) await this.#leadAlone();
    if (this.#role === "starting") this.#role = "follower";
  }

  async propose(command: Uint8Array, signal: AbortSignal): Promise<Result> {
    signal.throwIfAborted();
    const node = this.#runningNode();
    if (this.#hold !== undefined) throw new ResourceExhaustedError(this.#hold, { retryAfterMs: 10_000 });
    const outcome = new Promise<Result>((resolve, reject) => {
      node.propose(command, (answer) => {
        switch (answer.type) {
          case "applied":
            return resolve(answer.result);
          case "unknown":
            return reject(new UnavailableError(`the outcome is unknown: ${answer.reason}`));
          case "refused":
            return reject(this.#refusal(answer.reason));
        }
      });
    });
    return untilAborted(outcome, signal);
  }

  async readIndex(signal: AbortSignal): Promise<number> {
    const node = this.#runningNode();
    const index = new Promise<number>((resolve, reject) => {
      node.read((result) => {
        if (result.type === "confirmed") resolve(result.index);
        else reject(new UnavailableError(`the metastore cannot tell what is new: ${result.reason}`));
      });
    });
    return untilAborted(index, signal);
  }

  /** The node, once {@link start} has opened the files. */
  get node(): RaftNode<Result> | undefined {
    return this.#node;
  }

  /** Whose files these are, once they are open. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  status(): LogStatus {
    const node = this.#node;
    const raft = node?.status();
    const isRunning = this.#problem === undefined && this.#role !== "stopped";
    return {
      role: isRunning && raft && this.#role !== "starting" ? ROLES[raft.role] : this.#role,
      problem: this.#problem,
      term: raft?.term ?? 0,
      firstIndex: node?.firstIndex ?? 1,
      lastIndex: raft?.lastIndex ?? 0,
      commitIndex: raft?.commit ?? 0,
      appliedIndex: node?.applied.index ?? 0,
      snapshotIndex: node?.snapshotIndex ?? 0,
    };
  }

  /** One interval of {@link defaultRaftSettings} has passed. A node without peers needs none. */
  tick(): void {
    if (this.#problem === undefined && this.#role !== "stopped") this.#node?.tick();
  }

  /** Refuses proposals for the given reason, until called without one. Reads and snapshots go on. */
  hold(reason: string | undefined): void {
    this.#hold = reason;
  }

  /**
   * The state of this node is not that of the group: ends as `corrupt`, at once. Resolves when a mark is on disk, which keeps
   * this node from coming back on its files: their snapshots may hold the wrong state.
   *
   * @param detail - what differs, and what is to be done.
   * @throws errors of the disk; the node has ended all the same.
   */
  async stopDiverged(detail: string): Promise<void> {
    if (this.#problem !== undefined) return;
    this.#node?.haltCorrupt(`the metastore's state has diverged: reason=STATE_DIVERGED ${detail}`);
    await markDiverged(this.#deps.directory, detail);
  }

  /** How long the write that is under way takes already; 0 when there is none. */
  get writeElapsedMs(): number {
    return this.#node?.writeElapsedMs ?? 0;
  }

  /** How much was applied since the last snapshot. */
  get sinceSnapshot(): { entryCount: number; sizeBytes: number } {
    const { appliedIndex, snapshotIndex } = this.status();
    return { entryCount: appliedIndex - snapshotIndex, sizeBytes: this.#bytesSinceSnapshot };
  }

  async takeSnapshot(signal: AbortSignal): Promise<void> {
    const node = this.#node;
    if (!node || this.#problem !== undefined) return;
    signal.throwIfAborted();
    const startMs = this.#deps.clock.monotonicMs();
    const bytesBefore = this.#bytesSinceSnapshot;
    this.#snapshotStartMs = startMs;
    await new Promise<void>((resolve, reject) => {
      node.takeSnapshot((error) => (error === undefined ? resolve() : reject(error)));
    });
    this.#bytesSinceSnapshot -= bytesBefore;
  }

  #snapshotStartMs = 0;

  /** Finishes what is under way and closes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#problem === undefined) this.#role = "stopped";
    await this.#disk?.[Symbol.asyncDispose]();
    this.#node?.stop("the metastore stops");
    this.#disk = undefined;
  }

  async #run(storage: OpenStorage): Promise<void> {
    const { hardStateFile, snapshot, start, end } = storage;
    // What was found after the witness is on disk now, and from here on this node answers for it.
    const hardState = { ...storage.hardState, witness: end };
    const { clock, random, stateMachine, observer, network } = this.#deps;
    const entries: LogEntry[] = [];
    for await (const { entry } of storage.log.entries(start.index + 1)) if (entry) entries.push(entry);
    // The number of this write is that of the boot: it was never used before.
    await hardStateFile.write(hardState);
    const disk = new FileDisk(
      {
        ...storage,
        identity: hardState.identity,
        snapshots: this.#deps.snapshots,
        stateMachine,
        onSnapshot: ({ sizeBytes }) =>
          observer.onSnapshot({ sizeBytes, elapsedMs: clock.monotonicMs() - this.#snapshotStartMs }),
      },
      this.#settings,
    );
    this.#disk = disk;
    this.#identity = hardState.identity;
    this.#node = new RaftNode<Result>(
      {
        raft: {
          nodeId: hardState.identity.nodeId,
          bootId: hardStateFile.sequence,
          random: () => random.next(),
          chainOf: chainValue,
          settings: defaultRaftSettings,
        },
        disk,
        network,
        stateMachine,
        nowMs: () => clock.monotonicMs(),
        defer: (turn) => void setImmediate(turn),
        events: this.#events(),
        trailingEntries: this.#settings.trailingEntries,
        checkpointEntries: this.#settings.checkpointEntries,
      },
      {
        core: {
          ...factsOf(hardState),
          start,
          entries,
          membership: storage.membership,
          applied: snapshot.index,
        },
        disk: { ...factsOf(hardState), firstIndex: start.index + 1, lastIndex: end.index },
        applied: snapshot,
      },
    );
  }

  #events(): ConstructorParameters<typeof RaftNode<Result>>[0]["events"] {
    const { observer } = this.#deps;
    return {
      onStatus: (status) => {
        observer.onStatus?.(status);
        this.#onChange?.();
      },
      onHalt: ({ type, reason }, cause) =>
        this.#end(type === "corrupt" ? "corrupt" : "failed", reason, cause),
      onAlarm: (alarm) => observer.onAlarm?.(alarm),
      onWrite: (batch) => observer.onWrite(batch),
      onApply: (command) => {
        this.#bytesSinceSnapshot += command.sizeBytes;
        observer.onApply(command);
      },
    };
  }

  get #isAlone(): boolean {
    const { voters, outgoing } = this.#node?.membership ?? { voters: [], outgoing: [] };
    return voters.length === 1 && outgoing.length === 0 && voters[0] === this.#identity?.nodeId;
  }

  /** Stands for election at once, and waits until its own entry, and so everything before it, is applied. */
  async #leadAlone(): Promise<void> {
    const node = this.#node;
    if (!node || this.#problem !== undefined) return;
    const isLeading = new Promise<void>((resolve) => {
      this.#onChange = () => {
        if (this.#problem !== undefined) resolve();
        else if (node.status().role === "leader") node.read(() => resolve());
      };
    });
    node.campaign();
    await isLeading;
    this.#onChange = undefined;
  }

  #runningNode(): RaftNode<Result> {
    if (this.#problem !== undefined) throw new UnavailableError(this.#problem);
    const { role } = this.status();
    if (!this.#node || role === "starting" || role === "stopped") {
      throw new UnavailableError(`the metastore is not ready: role=${role}`);
    }
    return this.#node;
  }

  #refusal(reason: "not-leader" | "transferring" | "too-much-uncommitted"): Error {
    if (reason === "too-much-uncommitted") {
      const { maxUncommittedBytes } = defaultRaftSettings;
      return new ResourceExhaustedError(
        `too many proposals are under way: limit_bytes=${maxUncommittedBytes}`,
        { retryAfterMs: 1_000 },
      );
    }
    return notLeader(this.#node?.status().leader);
  }

  /** For good: nothing that is not known to be on disk is acknowledged after this. */
  #end(role: "corrupt" | "failed", problem: string, cause: unknown): void {
    if (this.#problem !== undefined) return;
    this.#role = role;
    this.#problem = problem;
    this.#deps.observer.onProblem(role, problem, cause);
    this.#onChange?.();
  }
}

function problemOf({ reason, detail }: { reason: RefusalReason; detail?: string | undefined }): string {
  const more = detail === undefined ? "" : ` ${detail}`;
  return reason === "RECOVERY_UNFINISHED"
    ? `a recovery was broken off, run recover-metastore again: reason=${reason}`
    : `the metastore's files are damaged: reason=${reason}${more}`;
}

function factsOf({ term, vote, witness }: HardState): Omit<HardState, "identity"> {
  return { term, vote, witness };
}
