import type { LogEntry, LogPosition, NodeId } from "./entry.ts";
import type { Message, SnapshotMeta } from "./message.ts";
import type { Alarm, Halt, RaftState, Role } from "./raft-state.ts";
import type { ConfirmedRead } from "./read-queue.ts";

/**
 * What the core wants done. In this order: `write` goes to the disk, `immediate` leaves at once and beside it,
 * `afterPersist` leaves when `persisted(seq)` is due: when this write and all before it are on disk.
 */
export interface Ready {
  /** Rises by one with each Ready. */
  readonly seq: number;
  /** Undefined when nothing changed that must survive. */
  readonly write: ReadyWrite | undefined;
  readonly immediate: readonly Message[];
  readonly afterPersist: readonly Message[];
  /** Entries `[from, to]` to be applied, in order: committed, and on this node's disk. */
  readonly committed: { readonly from: number; readonly to: number } | undefined;
  /** Reads that may be answered once the state machine has applied `index`. */
  readonly reads: readonly ConfirmedRead[];
  /** Ids of reads that nobody will confirm: ask again with a new id. */
  readonly failedReads: readonly number[];
  readonly status: RaftStatus;
  readonly alarms: readonly Alarm[];
}

/** One atomic change of what is on disk: the snapshot first, then the truncation, then the entries. */
export interface ReadyWrite {
  readonly hard: HardStateChange | undefined;
  /** Replaces the whole log, and the state machine's state. */
  readonly snapshot: SnapshotMeta | undefined;
  /** Entries after this place are no more. The new ones, if any, follow it. */
  readonly truncateAfter: LogPosition | undefined;
  readonly entries: readonly LogEntry[];
}

export interface HardStateChange {
  readonly term: number;
  readonly vote: NodeId | undefined;
}

export interface RaftStatus {
  readonly role: Role;
  readonly term: number;
  readonly leader: NodeId | undefined;
  readonly commit: number;
  readonly lastIndex: number;
  readonly halt: Halt | undefined;
}

/** Whether there is anything to do. After a halt nothing is written, sent or applied any more. */
export function hasReady(raft: RaftState): boolean {
  if (raft.halt) return raft.failedReads.length > 0 || raft.alarms.length > 0;
  return (
    raft.immediate.length > 0 ||
    raft.afterPersist.length > 0 ||
    raft.log.hasUnwritten ||
    raft.pendingSnapshot !== undefined ||
    raft.term !== raft.handedTerm ||
    raft.vote !== raft.handedVote ||
    raft.confirmedReads.length > 0 ||
    raft.failedReads.length > 0 ||
    raft.alarms.length > 0 ||
    Math.min(raft.commit, raft.log.stableIndex) > raft.handedCommit
  );
}

export function takeReady(raft: RaftState): Ready {
  const seq = ++raft.seq;
  const ready: Ready = {
    seq,
    write: raft.halt ? undefined : takeWrite(raft, seq),
    immediate: raft.immediate,
    afterPersist: raft.afterPersist,
    committed: raft.halt ? undefined : takeCommitted(raft),
    reads: raft.confirmedReads,
    failedReads: raft.failedReads,
    status: statusOf(raft),
    alarms: raft.alarms,
  };
  raft.immediate = [];
  raft.afterPersist = [];
  raft.confirmedReads = [];
  raft.failedReads = [];
  raft.alarms = [];
  return ready;
}

export function statusOf(raft: RaftState): RaftStatus {
  const { role, term, leader, commit, halt } = raft;
  return { role, term, leader, commit, lastIndex: raft.log.lastIndex, halt };
}

function takeWrite(raft: RaftState, seq: number): ReadyWrite | undefined {
  const isHardChanged = raft.term !== raft.handedTerm || raft.vote !== raft.handedVote;
  if (!isHardChanged && !raft.log.hasUnwritten && raft.pendingSnapshot === undefined) return undefined;
  const hard = isHardChanged ? { term: raft.term, vote: raft.vote } : undefined;
  if (hard) {
    raft.handedTerm = hard.term;
    raft.handedVote = hard.vote;
    raft.hardSeq = seq;
  }
  const snapshot = raft.pendingSnapshot;
  raft.pendingSnapshot = undefined;
  raft.writes.push({ seq, tick: raft.ticks });
  return { hard, snapshot, ...raft.log.handOut(seq) };
}

function takeCommitted(raft: RaftState): Ready["committed"] {
  const to = Math.min(raft.commit, raft.log.stableIndex);
  if (to <= raft.handedCommit) return undefined;
  const from = raft.handedCommit + 1;
  raft.handedCommit = to;
  return { from, to };
}
