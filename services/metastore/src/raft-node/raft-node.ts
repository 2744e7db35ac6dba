import {
  isMember,
  RaftCore,
  type Alarm,
  type Append,
  type ChangeRefusal,
  type LogEntry,
  type LogPosition,
  type Membership,
  type MembershipTarget,
  type Message,
  type NodeId,
  type PeerStatus,
  type RaftDeps,
  type RaftStart,
  type RaftStatus,
  type Ready,
  type TransferRefusal,
} from "@hearth/raft";

import type { StateMachine } from "../replicated-log/replicated-log.ts";
import { Applier, type Checkpoint, type ProposalResult } from "./applier.ts";
import type { NodeDisk, NodeNetwork, SnapshotFacts } from "./node-ports.ts";
import { WritePipeline, type DiskFacts } from "./write-pipeline.ts";

export interface RaftNodeDeps<Result> {
  readonly raft: RaftDeps;
  readonly disk: NodeDisk;
  readonly network: NodeNetwork;
  readonly stateMachine: StateMachine<Result>;
  /** Steady. */
  readonly nowMs: () => number;
  /** Runs `turn` soon, after other work. */
  readonly defer: (turn: () => void) => void;
  readonly events: RaftNodeEvents;
  /** Entries that a snapshot leaves in the log. */
  readonly trailingEntries: number;
  /** How far checkpoints are apart; the same on every node. {@link CHECKPOINT_ENTRIES} when absent. */
  readonly checkpointEntries?: number | undefined;
}

/** Entries from one checkpoint to the next. */
export const CHECKPOINT_ENTRIES = 10_000;

export interface RaftNodeEvents {
  /** The role, the term, the leader or the members are others now. */
  onStatus(status: RaftStatus): void;
  /** This node takes no further part. Comes once. */
  onHalt(halt: { type: "corrupt" | "fatal"; reason: string }, cause: unknown): void;
  onAlarm(alarm: Alarm): void;
  onWrite(batch: { entryCount: number; sizeBytes: number; elapsedMs: number }): void;
  onApply(command: { index: number; sizeBytes: number; elapsedMs: number }): void;
}

/** What was found on disk. */
export interface RaftNodeStart {
  readonly core: RaftStart;
  readonly disk: DiskFacts;
  /** Where the state machine stands. */
  readonly applied: LogPosition;
}

export type ReadResult =
  | { readonly type: "confirmed"; readonly index: number }
  | { readonly type: "failed"; readonly reason: string };

type ProposalAnswer<Result> =
  | ProposalResult<Result>
  | { readonly type: "refused"; readonly reason: "not-leader" | "transferring" | "too-much-uncommitted" };

/** A read that finds the state further behind than this gives up. */
const MAX_READ_DISTANCE = 10_240;

/**
 * One node of a Raft group with its disk and network, as plain calls: it takes no turn of its own, and what it starts comes
 * back through callbacks. It does what the core's Readies say, in the order that keeps promises (raft §1).
 */
export class RaftNode<Result> {
  readonly #deps: RaftNodeDeps<Result>;
  readonly #core: RaftCore;
  readonly #pipeline: WritePipeline;
  readonly #applier: Applier<Result>;
  #status: RaftStatus;
  #membership: Membership;
  #isDraining = false;
  #hasStopped = false;
  /** Wait for their Ready to be on disk, oldest first. */
  #held: { readonly seq: number; readonly messages: readonly Message[] }[] = [];
  /** Readies that replace the state by a snapshot, until they are on disk. */
  #installing: { readonly seq: number; readonly position: LogPosition }[] = [];
  #lastReadId = 0;
  readonly #reads = new Map<number, (result: ReadResult) => void>();
  #start: LogPosition;
  #snapshotIndex: number;
  #isSnapshotting = false;
  /** The error behind a halt. */
  #haltCause: unknown;

  constructor(deps: RaftNodeDeps<Result>, from: RaftNodeStart) {
    this.#deps = deps;
    this.#core = new RaftCore(deps.raft, from.core);
    this.#start = from.core.start;
    this.#snapshotIndex = from.applied.index;
    this.#status = this.#core.status();
    this.#membership = this.#core.membership;
    const events = {
      onPersisted: (seq: number) => this.#persisted(seq),
      onFailed: (what: string, error: unknown) => this.#storageFailed(what, error),
      onWritten: (entries: readonly LogEntry[], startMs: number) => this.#written(entries, startMs),
    };
    this.#pipeline = new WritePipeline({ disk: deps.disk, events, nowMs: deps.nowMs }, from.disk);
    this.#applier = new Applier(
      {
        stateMachine: deps.stateMachine,
        checkpointEntries: deps.checkpointEntries ?? CHECKPOINT_ENTRIES,
        nowMs: deps.nowMs,
        defer: (turn) => deps.defer(() => this.#input(turn)),
        cachedEntries: (first, end) => this.#core.cachedEntries(first, end),
        loadEntries: (first, end, done) =>
          deps.disk.loadEntries(first, end, (entries) => this.#input(() => done(entries))),
        events: {
          onApplied: ({ index, payload }, elapsedMs) =>
            deps.events.onApply({ index, sizeBytes: payload.length, elapsedMs }),
          onCorrupt: (reason) => this.#core.storageCorrupt(reason),
          onUnsupported: (reason) => this.#core.storageFailed(reason),
        },
      },
      from.applied,
    );
    this.#drain();
  }

  tick(): void {
    this.#input(() => this.#core.tick());
  }

  /** Does not wait for an election timer: a node without peers leads at once. */
  campaign(): void {
    this.#input(() => this.#core.campaign());
  }

  /** A message that was checked. */
  receive(message: Message): void {
    this.#input(() => this.#core.step(message));
  }

  /** A snapshot from `from`, leader of `term`, is on this node's disk, whole and checked. */
  snapshotReceived(from: NodeId, term: number, snapshot: SnapshotFacts): void {
    const { nodeId } = this.#deps.raft;
    this.#input(() => this.#core.step({ type: "install-snapshot", from, to: nodeId, term, snapshot }));
  }

  propose(payload: Uint8Array, done: (answer: ProposalAnswer<Result>) => void): void {
    this.#input(() => {
      const outcome = this.#core.propose(payload);
      if (outcome.type === "refused") done(outcome);
      else this.#applier.awaitEntry(outcome.index, { term: outcome.term, done });
    });
  }

  /** `done` comes in the turn in which the state holds all that was acknowledged anywhere before this call. */
  read(done: (result: ReadResult) => void): void {
    this.#input(() => {
      const readId = ++this.#lastReadId;
      const refusal = this.#core.readIndex(readId);
      if (refusal === undefined) this.#reads.set(readId, done);
      else done({ type: "failed", reason: refusal });
    });
  }

  changeMembership(target: MembershipTarget): number | ChangeRefusal {
    return this.#input(() => this.#core.changeMembership(target));
  }

  transfer(target: NodeId): TransferRefusal | undefined {
    return this.#input(() => this.#core.transfer(target));
  }

  peerUnreachable(node: NodeId): void {
    this.#input(() => this.#core.peerUnreachable(node));
  }

  /** Writes a snapshot of the state as it is now, and then lets go what of the log it covers. */
  takeSnapshot(done: (error?: unknown) => void): void {
    const position = this.#applier.applied;
    // While a snapshot is being installed the state may be that of it already, and the position not yet.
    const isInstalling = this.#installing.length > 0;
    if (this.#isSnapshotting || isInstalling || this.#hasStopped || position.index === this.#snapshotIndex) {
      done();
      return;
    }
    this.#isSnapshotting = true;
    const facts = { position, membership: this.#core.membershipAt(position.index) };
    this.#deps.disk.writeSnapshot(facts, (error) => {
      this.#isSnapshotting = false;
      if (error === undefined) this.#input(() => this.#snapshotWritten(position, done));
      else done(error);
    });
  }

  status(): RaftStatus {
    return this.#core.status();
  }

  get membership(): Membership {
    return this.#core.membership;
  }

  /** The configuration in force after entry `index`. */
  membershipAt(index: number): Membership {
    return this.#core.membershipAt(index);
  }

  get isMembershipCommitted(): boolean {
    return this.#core.isMembershipCommitted;
  }

  get peers(): PeerStatus[] {
    return this.#core.peers();
  }

  get applied(): LogPosition {
    return this.#applier.applied;
  }

  /** What the state was at the last few checkpoints, oldest first; see {@link CHECKPOINT_ENTRIES}. */
  get checkpoints(): readonly Checkpoint[] {
    return this.#applier.checkpoints;
  }

  /** The state is not to be believed: halts as corrupt. */
  haltCorrupt(reason: string): void {
    this.#input(() => this.#core.storageCorrupt(reason));
  }

  /** Undefined outside of the log. */
  position(index: number): LogPosition | undefined {
    return this.#core.position(index);
  }

  /** The log is on disk up to here. */
  get stableIndex(): number {
    return this.#core.stableIndex;
  }

  /** Index of the first entry that the log still has. */
  get firstIndex(): number {
    return this.#start.index + 1;
  }

  get snapshotIndex(): number {
    return this.#snapshotIndex;
  }

  /** For how long the oldest write that did not come back has been under way; 0 when there is none. */
  get writeElapsedMs(): number {
    const startMs = this.#pipeline.oldestStartMs;
    return startMs === undefined ? 0 : this.#deps.nowMs() - startMs;
  }

  /** Nothing is acknowledged, sent or applied after this. Writes that are under way may still come back. */
  stop(reason: string): void {
    this.#hasStopped = true;
    this.#applier.stop();
    this.#failWaiting(reason);
  }

  /** Every input ends in doing what the core wants done. */
  #input<T>(change: () => T): T {
    const result = change();
    this.#drain();
    return result;
  }

  #drain(): void {
    if (this.#isDraining || this.#hasStopped) return;
    this.#isDraining = true;
    try {
      while (this.#core.hasReady() && !this.#hasStopped) this.#handle(this.#core.takeReady());
      this.#publish(this.#core.status());
    } finally {
      this.#isDraining = false;
    }
  }

  #handle(ready: Ready): void {
    for (const message of ready.immediate) this.#send(message);
    if (ready.afterPersist.length > 0) this.#held.push({ seq: ready.seq, messages: ready.afterPersist });
    if (ready.write?.snapshot) {
      this.#applier.pause();
      this.#installing.push({ seq: ready.seq, position: ready.write.snapshot.position });
    }
    if (ready.committed) this.#applier.advanceTo(ready.committed.to);
    for (const { origin, index } of ready.reads) this.#confirmRead(origin.readId, index);
    for (const readId of ready.failedReads) this.#endRead(readId, "the leader changed");
    for (const alarm of ready.alarms) this.#deps.events.onAlarm(alarm);
    this.#pipeline.add(ready.seq, ready.write);
  }

  #send(message: Message): void {
    if (message.type === "install-snapshot") this.#sendSnapshot(message.to, message.term);
    else if (message.type === "append" && message.rangeEnd !== undefined) this.#sendRange(message);
    else this.#deps.network.send(message);
  }

  #sendSnapshot(to: NodeId, term: number): void {
    this.#deps.network.sendSnapshot(to, term, (index) =>
      this.#input(() => this.#core.snapshotSent(to, index ?? 0, index !== undefined)),
    );
  }

  /** Entries that memory has no more. A leader never rewrites its log, so loading them late is no danger. */
  #sendRange(message: Append): void {
    const { prev, rangeEnd = prev.index + 1, to } = message;
    this.#deps.disk.loadEntries(prev.index + 1, rangeEnd, (entries) => {
      if (this.#hasStopped) return;
      if (entries) this.#deps.network.send({ ...message, entries, rangeEnd: undefined });
      else this.#input(() => this.#core.rangeGone(to));
    });
  }

  #persisted(seq: number): void {
    if (this.#hasStopped) return;
    this.#input(() => {
      this.#core.persisted(seq);
      while (this.#installing.length > 0 && this.#installing[0]!.seq <= seq) {
        const { position } = this.#installing.shift()!;
        this.#start = position;
        this.#snapshotIndex = position.index;
        if (this.#installing.length === 0) this.#applier.resumeAt(position);
      }
      while (this.#held.length > 0 && this.#held[0]!.seq <= seq) {
        for (const message of this.#held.shift()!.messages) this.#deps.network.send(message);
      }
    });
  }

  #written(entries: readonly LogEntry[], startMs: number): void {
    const sizeBytes = entries.reduce((sum, { payload }) => sum + payload.length, 0);
    const elapsedMs = this.#deps.nowMs() - startMs;
    this.#deps.events.onWrite({ entryCount: entries.length, sizeBytes, elapsedMs });
  }

  #storageFailed(what: string, error: unknown): void {
    this.#core.storageFailed(what);
    this.#haltCause = error;
    this.#drain();
  }

  #confirmRead(readId: number, index: number): void {
    if (index - this.#applier.applied.index > MAX_READ_DISTANCE) {
      this.#endRead(readId, "the state is too far behind");
      return;
    }
    this.#applier.awaitIndex(index, () => {
      const done = this.#reads.get(readId);
      this.#reads.delete(readId);
      done?.({ type: "confirmed", index: this.#applier.applied.index });
    });
  }

  #endRead(readId: number, reason: string): void {
    const done = this.#reads.get(readId);
    this.#reads.delete(readId);
    done?.({ type: "failed", reason });
  }

  #failWaiting(reason: string): void {
    this.#applier.failWaiters(reason);
    for (const readId of this.#reads.keys()) this.#endRead(readId, reason);
  }

  /** Tells what changed, once per change. */
  #publish(status: RaftStatus): void {
    const before = this.#status;
    const { membership } = this.#core;
    const isSameLead = before.term === status.term && before.leader === status.leader;
    if (isSameLead && before.role === status.role && membership === this.#membership && !status.halt) return;
    this.#status = status;
    this.#membership = membership;
    if (!isSameLead || status.halt) this.#failWaiting("the leader changed");
    this.#deps.events.onStatus(status);
    if (status.halt) {
      this.stop(status.halt.reason);
      this.#deps.events.onHalt(status.halt, this.#haltCause);
    }
  }

  /** The log need not keep what the snapshot covers, but for the trailing entries. */
  #snapshotWritten(position: LogPosition, done: (error?: unknown) => void): void {
    const start = this.#core.position(position.index - this.#deps.trailingEntries);
    this.#snapshotIndex = Math.max(this.#snapshotIndex, position.index);
    if (!start || start.index <= this.#start.index || this.#hasStopped) {
      done();
      return;
    }
    this.#start = start;
    this.#core.compacted(start.index);
    this.#pipeline.noteCompacted(start.index + 1);
    this.#deps.disk.compactLog(start, (error) => {
      if (error !== undefined) this.#storageFailed("compacting the log failed", error);
      done(error);
    });
  }

  /** Index of the entry with the newest configuration. */
  get membershipIndex(): number {
    return this.#core.membershipIndex;
  }

  /** Whether this node is one of those that take part, as far as it knows. */
  get isMember(): boolean {
    return isMember(this.#core.membership, this.#deps.raft.nodeId);
  }
}
