import type { ChainFunction, EntryType, LogEntry, LogPosition, NodeId } from "./entry.ts";
import { isVoter, type Membership } from "./membership.ts";
import { MembershipLog } from "./membership-log.ts";
import type { Message } from "./message.ts";
import type { Progress } from "./progress.ts";
import { RaftLog } from "./raft-log.ts";
import { ReadQueue, type ConfirmedRead } from "./read-queue.ts";

export interface RaftSettings {
  /** E: without a leader for this many ticks a node stands for election. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** Of one Append. */
  readonly maxAppendEntries: number;
  readonly maxAppendBytes: number;
  /** Proposals that no quorum has yet. */
  readonly maxUncommittedBytes: number;
  /** Reads that wait at a leader. */
  readonly maxReads: number;
  readonly cachedEntries: number;
  readonly cachedBytes: number;
}

export const defaultRaftSettings: RaftSettings = {
  electionTicks: 10,
  heartbeatTicks: 1,
  maxAppendEntries: 1_024,
  maxAppendBytes: 1024 * 1024,
  maxUncommittedBytes: 64 * 1024 * 1024,
  maxReads: 10_000,
  cachedEntries: 4_096,
  cachedBytes: 64 * 1024 * 1024,
};

export interface RaftDeps {
  readonly nodeId: NodeId;
  /** Rises with each start of the process on this disk; above 0. */
  readonly bootId: number;
  /** Uniform in `[0, 1)`. */
  readonly random: () => number;
  readonly chainOf: ChainFunction;
  readonly settings: RaftSettings;
}

/** What the disk had. */
export interface RaftStart {
  readonly term: number;
  readonly vote: NodeId | undefined;
  /** The place before the first entry. */
  readonly start: LogPosition;
  /** All entries after it; they are on disk. Payloads may be left away for all but the newest: only the last ones are kept. */
  readonly entries: Iterable<LogEntry>;
  /** The configuration at `start`. */
  readonly membership: Membership;
  /** The state machine stands here: it is committed. */
  readonly applied: number;
}

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

/** Why this node takes no further part. Nothing but a restart, or a human, changes it. */
export interface Halt {
  /** `corrupt`: entries that it acknowledged are missing or damaged. `fatal`: the algorithm's rules are broken. */
  readonly type: "corrupt" | "fatal";
  readonly reason: string;
}

/** Things for people to know of, each counted. */
export type Alarm = "peer-log-regression";

/**
 * All that a node knows, in the paper's words. Functions of this folder change it; only `RaftCore` is seen from outside.
 * Always: `log.start.index <= commit <= log.lastIndex`.
 */
export class RaftState {
  readonly deps: RaftDeps;
  readonly settings: RaftSettings;
  readonly id: NodeId;
  readonly log: RaftLog;
  readonly memberships: MembershipLog;

  term: number;
  /** Whom this node voted for in `term`. */
  vote: NodeId | undefined;
  role: Role = "follower";
  /** Of `term`; undefined while unknown. */
  leader: NodeId | undefined;
  commit: number;

  /** Ticks since a leader was heard of, or since the timer began anew; of a leader, since it leads. */
  electionElapsed = 0;
  heartbeatElapsed = 0;
  /** Ticks, drawn anew at each change of role or term. */
  electionTimeout = 0;
  /** Answers to the election that is under way. */
  votes = new Map<NodeId, boolean>();
  /** The vote for itself counts when this Ready is persisted; undefined when it counts or there is none. */
  ownVoteSeq: number | undefined;

  /** Of the leader: every other member. */
  progress = new Map<NodeId, Progress>();
  readonly reads = new ReadQueue();
  transferTarget: NodeId | undefined;
  /** Ticks since the lead began to be handed to `transferTarget`. */
  transferElapsed = 0;
  /** Of the leader: entries of its term that are not committed, oldest first. */
  uncommitted: { readonly index: number; readonly sizeBytes: number }[] = [];
  /** Sum over `uncommitted`. */
  uncommittedBytes = 0;

  /** Being written to the disk as a whole: until then this node is not ready for an election. */
  snapshotSeq: number | undefined;
  pendingSnapshot: { position: LogPosition; membership: Membership } | undefined;
  halt: Halt | undefined;

  /** Of the last Ready. */
  seq = 0;
  persistedSeq = 0;
  /** Of the last Ready that carried a term or vote. */
  hardSeq = 0;
  /** What the last Ready told, or the disk had. */
  handedTerm: number;
  handedVote: NodeId | undefined;
  /** Since the start. */
  ticks = 0;
  /** Writes that did not come back, oldest first, with the tick at which each was handed out. */
  writes: { readonly seq: number; readonly tick: number }[] = [];
  /** Handed out to be applied. */
  handedCommit: number;

  immediate: Message[] = [];
  afterPersist: Message[] = [];
  confirmedReads: ConfirmedRead[] = [];
  failedReads: number[] = [];
  alarms: Alarm[] = [];

  constructor(deps: RaftDeps, from: RaftStart) {
    this.deps = deps;
    this.settings = deps.settings;
    this.id = deps.nodeId;
    const { cachedEntries, cachedBytes } = deps.settings;
    this.log = new RaftLog(from.start, { entryCount: cachedEntries, sizeBytes: cachedBytes });
    this.memberships = new MembershipLog(from.start.index, from.membership);
    this.term = from.term;
    this.vote = from.vote;
    this.handedTerm = from.term;
    this.handedVote = from.vote;
    this.commit = Math.max(from.applied, from.start.index);
    this.handedCommit = this.commit;
  }

  get membership(): Membership {
    return this.memberships.current;
  }

  /** The term or vote differs from what is on disk. */
  get isHardStateUnwritten(): boolean {
    return this.term !== this.handedTerm || this.vote !== this.handedVote || this.hardSeq > this.persistedSeq;
  }

  /** Whether it may stand for election. */
  get isPromotable(): boolean {
    return this.isNeededAsVoter && this.snapshotSeq === undefined && !this.isDiskStuck;
  }

  /**
   * A voter, or one until the newest configuration is committed. It may be that only those which go have that entry, and
   * nobody else can win before they have brought it to those which stay (Raft thesis §4.2.2). Their own votes do not count.
   */
  get isNeededAsVoter(): boolean {
    const { current, currentIndex } = this.memberships;
    if (isVoter(current, this.id)) return true;
    return currentIndex > this.commit && isVoter(this.memberships.at(currentIndex - 1), this.id);
  }

  get isDiskStuck(): boolean {
    const [oldest] = this.writes;
    return oldest !== undefined && this.ticks - oldest.tick > this.settings.electionTicks;
  }

  /** A leader was heard of lately, or this node is one. */
  get hasLiveLeader(): boolean {
    if (this.role === "leader") return true;
    return this.leader !== undefined && this.electionElapsed < this.settings.electionTicks;
  }
}

/** Enters `term`, unless it is in it, as a follower of `leader`. */
export function becomeFollower(raft: RaftState, term: number, leader: NodeId | undefined): void {
  if (raft.role === "leader" || raft.leader !== leader || raft.term !== term) failReads(raft);
  enterTerm(raft, term);
  raft.role = "follower";
  raft.leader = leader;
  raft.progress.clear();
  raft.transferTarget = undefined;
  resetElectionTimer(raft);
}

export function enterTerm(raft: RaftState, term: number): void {
  if (term === raft.term) return;
  raft.term = term;
  raft.vote = undefined;
}

/** Begins to count anew, towards another random time: candidates must not keep colliding (Raft §5.2). */
export function resetElectionTimer(raft: RaftState): void {
  const { electionTicks } = raft.settings;
  raft.electionElapsed = 0;
  raft.heartbeatElapsed = 0;
  raft.votes.clear();
  raft.ownVoteSeq = undefined;
  raft.electionTimeout = electionTicks + Math.floor(raft.deps.random() * electionTicks);
}

/** Reads that wait are answered by nobody: who asked must ask again, with a new id. */
export function failReads(raft: RaftState): void {
  for (const origin of raft.reads.clear()) {
    if (origin.node === raft.id) raft.failedReads.push(origin.readId);
  }
}

/** Puts an entry of this node's term at the end of the log. */
export function appendOwn(raft: RaftState, type: EntryType, payload: Uint8Array): LogEntry {
  const { last } = raft.log;
  const content = { index: last.index + 1, term: raft.term, type, payload };
  const entry = { ...content, chain: raft.deps.chainOf(last.chain, content) };
  raft.log.append(entry);
  return entry;
}

/** Takes no further part. The first reason stays. */
export function haltWith(raft: RaftState, type: Halt["type"], reason: string): void {
  raft.halt ??= { type, reason };
  // What it meant to say before it knew.
  raft.immediate = [];
  raft.afterPersist = [];
  becomeFollower(raft, raft.term, undefined);
}
