import { assertNever, invariant } from "@hearth/errors";

import {
  noteRangeGone,
  notePeerUnreachable,
  noteSnapshotSent,
  stepAppendResponse,
  stepHeartbeatResponse,
} from "./answers.ts";
import { advanceCommit, appendAsLeader } from "./committing.ts";
import {
  countOwnVote,
  startPreVote,
  stepPreVote,
  stepPreVoteResponse,
  stepVote,
  stepVoteResponse,
} from "./elections.ts";
import type { LogEntry, NodeId } from "./entry.ts";
import { stepAppend, stepHeartbeat, stepInstallSnapshot } from "./following.ts";
import { tickLeader } from "./leading.ts";
import { decodeMembership, type Membership, type MembershipTarget } from "./membership.ts";
import { startChange, type ChangeRefusal } from "./membership-change.ts";
import type { Append, Heartbeat, InstallSnapshot, Message } from "./message.ts";
import type { ProgressState } from "./progress.ts";
import {
  becomeFollower,
  enterTerm,
  haltWith,
  RaftState,
  resetElectionTimer,
  type RaftDeps,
  type RaftStart,
} from "./raft-state.ts";
import { startRead, stepReadIndex, stepReadIndexResponse, type ReadRefusal } from "./reading.ts";
import { hasReady, statusOf, takeReady, type RaftStatus, type Ready } from "./ready.ts";
import { startTransfer, stepTimeoutNow, type TransferRefusal } from "./transfer.ts";

export type ProposalOutcome =
  | { readonly type: "accepted"; readonly index: number; readonly term: number }
  | { readonly type: "refused"; readonly reason: ProposalRefusal };

export type ProposalRefusal = "not-leader" | "transferring" | "too-much-uncommitted";

/** What a leader knows of another member. */
export interface PeerStatus {
  readonly node: NodeId;
  readonly state: ProgressState;
  readonly matchIndex: number;
  readonly nextIndex: number;
  readonly inFlight: number;
  /** Was heard of within the last E ticks. */
  readonly isActive: boolean;
  /** It lost what it acknowledged, and does not count. */
  readonly hasRegressed: boolean;
}

/**
 * One node of a Raft group, as a pure state machine: no clock, no I/O, no randomness of its own. Every input is a method that
 * returns at once; {@link takeReady} then tells what is to be done.
 *
 * Source: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014); Ongaro's thesis (2014) for
 * pre-vote, reads, transfer; docs/raft.md for what is stricter here.
 */
export class RaftCore {
  readonly #raft: RaftState;

  constructor(deps: RaftDeps, start: RaftStart) {
    const raft = new RaftState(deps, start);
    for (const entry of start.entries) {
      raft.log.restoreStable(entry);
      if (entry.type !== "membership") continue;
      const membership = decodeMembership(entry.payload);
      invariant(membership, `a configuration on disk cannot be read: index=${entry.index}`);
      raft.memberships.push(entry.index, membership);
    }
    // A snapshot from a later term may have come without the term being written.
    enterTerm(raft, Math.max(raft.term, raft.log.last.term));
    resetElectionTimer(raft);
    this.#raft = raft;
  }

  /** One interval of the monotonic clock has passed. */
  tick(): void {
    const raft = this.#raft;
    if (raft.halt) return;
    raft.ticks++;
    if (raft.role === "leader") tickLeader(raft);
    else if (++raft.electionElapsed >= raft.electionTimeout && raft.isPromotable) startPreVote(raft);
  }

  /** Stands for election now, as if no leader had been heard of for long. */
  campaign(): void {
    const raft = this.#raft;
    if (!raft.halt && raft.role !== "leader" && raft.isPromotable) startPreVote(raft);
  }

  /** A message arrived. It has been checked: types, ranges, rising indexes, the chain of its entries. */
  step(message: Message): void {
    const raft = this.#raft;
    if (raft.halt || message.to !== raft.id) return;
    if (isTooEarly(raft, message)) return;
    if (message.term > raft.term) stepHigherTerm(raft, message);
    if (message.term < raft.term && !answerLowerTerm(raft, message)) return;
    if (isOfLeader(message) && !stepToLeader(raft, message)) return;
    dispatch(raft, message);
  }

  /** Puts a command into the log, if this node leads. Whether it commits, applying it tells. */
  propose(payload: Uint8Array): ProposalOutcome {
    const raft = this.#raft;
    if (raft.halt || raft.role !== "leader") return { type: "refused", reason: "not-leader" };
    if (raft.transferTarget !== undefined) return { type: "refused", reason: "transferring" };
    if (raft.uncommittedBytes + payload.length > raft.settings.maxUncommittedBytes) {
      return { type: "refused", reason: "too-much-uncommitted" };
    }
    const { index, term } = appendAsLeader(raft, "command", payload);
    return { type: "accepted", index, term };
  }

  /** Begins a change of the members. @returns the index of its first entry, or why not. */
  changeMembership(target: MembershipTarget): number | ChangeRefusal {
    return this.#raft.halt ? "not-leader" : startChange(this.#raft, target);
  }

  /** @param readId - never used before by this process, not even for a retry. The answer is in a Ready. */
  readIndex(readId: number): ReadRefusal | undefined {
    return this.#raft.halt ? "no-leader" : startRead(this.#raft, readId);
  }

  /** Hands the lead to `target`. */
  transfer(target: NodeId): TransferRefusal | undefined {
    return this.#raft.halt ? "not-leader" : startTransfer(this.#raft, target);
  }

  /** Everything of the Readies up to `seq` is on disk. */
  persisted(seq: number): void {
    const raft = this.#raft;
    if (seq <= raft.persistedSeq || raft.halt) return;
    raft.persistedSeq = seq;
    while (raft.writes.length > 0 && raft.writes[0]!.seq <= seq) raft.writes.shift();
    raft.log.persisted(seq);
    if (raft.snapshotSeq !== undefined && raft.snapshotSeq <= seq) raft.snapshotSeq = undefined;
    countOwnVote(raft);
    advanceCommit(raft);
  }

  /** The log on disk begins after `index` now; a snapshot has what was before. */
  compacted(index: number): void {
    this.#raft.log.compactTo(index);
    this.#raft.memberships.compactTo(index);
  }

  /** A message to `node` could not be sent. */
  peerUnreachable(node: NodeId): void {
    notePeerUnreachable(this.#raft, node);
  }

  /** Entries that an Append to `node` names were compacted before they were loaded. */
  rangeGone(node: NodeId): void {
    noteRangeGone(this.#raft, node);
  }

  /** Sending a snapshot that reaches up to `index` to `node` has ended. */
  snapshotSent(node: NodeId, index: number, isSent: boolean): void {
    noteSnapshotSent(this.#raft, node, index, isSent);
  }

  /** A write failed: nothing that this node says can be relied on any more. */
  storageFailed(reason: string): void {
    haltWith(this.#raft, "fatal", reason);
  }

  /** Entries that were acknowledged cannot be read back. */
  storageCorrupt(reason: string): void {
    haltWith(this.#raft, "corrupt", reason);
  }

  hasReady(): boolean {
    return hasReady(this.#raft);
  }

  takeReady(): Ready {
    return takeReady(this.#raft);
  }

  status(): RaftStatus {
    return statusOf(this.#raft);
  }

  /** The newest configuration of the log, committed or not. */
  get membership(): Membership {
    return this.#raft.membership;
  }

  /** Where it was appended. */
  get membershipIndex(): number {
    return this.#raft.memberships.currentIndex;
  }

  get isMembershipCommitted(): boolean {
    return this.#raft.memberships.currentIndex <= this.#raft.commit;
  }

  /** The configuration in force after entry `index`: what a snapshot of that index carries. */
  membershipAt(index: number): Membership {
    return this.#raft.memberships.at(index);
  }

  /** Entries `[from, to)`, when memory has them all. */
  cachedEntries(from: number, to: number): readonly LogEntry[] | undefined {
    return this.#raft.log.entries(from, to);
  }

  /** The log is on disk up to here. */
  get stableIndex(): number {
    return this.#raft.log.stableIndex;
  }

  /** Undefined outside of the log. */
  position(index: number): ReturnType<RaftState["log"]["position"]> {
    return this.#raft.log.position(index);
  }

  /** Of a leader. */
  peers(): PeerStatus[] {
    return [...this.#raft.progress].map(([node, progress]) => ({
      node,
      state: progress.state,
      matchIndex: progress.matchIndex,
      nextIndex: progress.nextIndex,
      inFlight: progress.inFlightCount,
      isActive: progress.isActive,
      hasRegressed: progress.hasRegressed,
    }));
  }
}

type OfLeader = Append | Heartbeat | InstallSnapshot;

function isOfLeader(message: Message): message is OfLeader {
  return message.type === "append" || message.type === "heartbeat" || message.type === "install-snapshot";
}

/** Stickiness: who hears a leader does not help to depose it, unless the leader wants that. Comes before all about terms. */
function isTooEarly(raft: RaftState, message: Message): boolean {
  if (message.type === "pre-vote") return raft.hasLiveLeader;
  return message.type === "vote" && !message.isTransfer && raft.hasLiveLeader;
}

/** Only a leader, a candidate with votes, or an answer from a later term prove that the term began. */
function stepHigherTerm(raft: RaftState, message: Message): void {
  if (message.type === "pre-vote") return;
  if (message.type === "pre-vote-response" && message.isGranted) return;
  const elapsed = raft.role === "leader" ? 0 : raft.electionElapsed;
  becomeFollower(raft, message.term, isOfLeader(message) ? message.from : undefined);
  // Only a vote that is given puts off the own election: who cannot win must not keep others from standing.
  if (message.type === "vote") raft.electionElapsed = elapsed;
}

/** @returns whether the message is one that is looked at all the same. */
function answerLowerTerm(raft: RaftState, message: Message): boolean {
  if (message.type === "vote" || message.type === "pre-vote") return true;
  if (isOfLeader(message)) {
    const { id: from, term } = raft;
    raft.immediate.push({ type: "stale-term", from, to: message.from, term });
  }
  return false;
}

/** A leader of this term speaks. @returns false when that cannot be. */
function stepToLeader(raft: RaftState, message: OfLeader): boolean {
  const isOther = raft.leader !== undefined && raft.leader !== message.from;
  if (raft.role === "leader" || isOther) {
    haltWith(
      raft,
      "fatal",
      `two leaders in one term: term=${raft.term} leaders=${raft.leader},${message.from}`,
    );
    return false;
  }
  if (raft.role !== "follower" || raft.leader === undefined) becomeFollower(raft, raft.term, message.from);
  raft.electionElapsed = 0;
  return true;
}

function dispatch(raft: RaftState, message: Message): void {
  switch (message.type) {
    case "pre-vote":
      return stepPreVote(raft, message);
    case "pre-vote-response":
      return stepPreVoteResponse(raft, message);
    case "vote":
      return stepVote(raft, message);
    case "vote-response":
      return stepVoteResponse(raft, message);
    case "append":
      return stepAppend(raft, message);
    case "append-response":
      return stepAppendResponse(raft, message);
    case "heartbeat":
      return stepHeartbeat(raft, message);
    case "heartbeat-response":
      return stepHeartbeatResponse(raft, message);
    case "install-snapshot":
      return stepInstallSnapshot(raft, message);
    case "read-index":
      return stepReadIndex(raft, message);
    case "read-index-response":
      return stepReadIndexResponse(raft, message);
    case "timeout-now":
      return stepTimeoutNow(raft);
    case "stale-term":
      return;
    default:
      assertNever(message);
  }
}
