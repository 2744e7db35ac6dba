import type { LogEntry, LogPosition, NodeId } from "./entry.ts";
import type { Membership } from "./membership.ts";

/** What nodes tell each other. `term` is the sender's, but in a pre-vote and its grant: there it is the term that is asked for. */
export type Message =
  | PreVote
  | PreVoteResponse
  | Vote
  | VoteResponse
  | Append
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | StaleTerm
  | ReadIndex
  | ReadIndexResponse
  | TimeoutNow;

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
}

/** Would you vote for me in this term? Changes nothing at either side (Raft thesis §9.6). */
export interface PreVote extends Envelope {
  readonly type: "pre-vote";
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface PreVoteResponse extends Envelope {
  readonly type: "pre-vote-response";
  readonly isGranted: boolean;
}

export interface Vote extends Envelope {
  readonly type: "vote";
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader asked for this election: stickiness must not stand in its way. */
  readonly isTransfer: boolean;
}

export interface VoteResponse extends Envelope {
  readonly type: "vote-response";
  readonly isGranted: boolean;
}

export interface Append extends Envelope {
  readonly type: "append";
  /** The entries follow this place. */
  readonly prev: LogPosition;
  /** The leader's commit index. */
  readonly commit: number;
  /** May be empty: then it asks whether `prev` is there, and tells the commit index. */
  readonly entries: readonly LogEntry[];
  /** Entries `[prev.index + 1, rangeEnd)` that memory has no more: whoever sends this loads them. `entries` is empty then. */
  readonly rangeEnd: number | undefined;
}

export interface AppendResponse extends Envelope {
  readonly type: "append-response";
  /** Set when `prev` was not there. */
  readonly rejection: AppendRejection | undefined;
  /** The log agrees with the leader's up to here, and is durable up to here. 0 in a rejection. */
  readonly matchIndex: number;
  readonly lastIndex: number;
  /** Of the process that answers: a new one may have lost what the old one acknowledged. */
  readonly bootId: number;
}

export interface AppendRejection {
  /** `prev.index` of what is rejected. */
  readonly index: number;
  /** The last place at which the logs may agree. */
  readonly hintIndex: number;
  readonly hintTerm: number;
}

export interface Heartbeat extends Envelope {
  readonly type: "heartbeat";
  /** Never beyond what the receiver has acknowledged. */
  readonly commit: number;
  /** The highest read id of this term: an answer confirms all reads up to it. */
  readonly readId: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly type: "heartbeat-response";
  readonly readId: number;
  readonly lastIndex: number;
  readonly bootId: number;
}

/**
 * At the leader: send the newest snapshot to `to`, `snapshot` is undefined. At the follower: the snapshot that was received,
 * whole and checked.
 */
export interface InstallSnapshot extends Envelope {
  readonly type: "install-snapshot";
  readonly snapshot: SnapshotMeta | undefined;
}

export interface SnapshotMeta {
  readonly position: LogPosition;
  readonly membership: Membership;
}

/** To the sender of a message of an earlier term: `term` is the one it should know. */
export interface StaleTerm extends Envelope {
  readonly type: "stale-term";
}

/** A follower asks up to which index a read must see. */
export interface ReadIndex extends Envelope {
  readonly type: "read-index";
  /** Of the asking process; with `bootId` it is never used twice. */
  readonly readId: number;
  readonly bootId: number;
}

export interface ReadIndexResponse extends Envelope {
  readonly type: "read-index-response";
  readonly readId: number;
  readonly bootId: number;
  readonly index: number;
}

/** Stand for election now: the leader hands over. */
export interface TimeoutNow extends Envelope {
  readonly type: "timeout-now";
}
