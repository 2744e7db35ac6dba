export {
  ENTRY_TYPES,
  entrySizeBytes,
  nameOf,
  type ChainFunction,
  type EntryType,
  type LogEntry,
  type LogPosition,
  type NodeId,
  type UnchainedEntry,
} from "./entry.ts";
export {
  decodeMembership,
  encodeMembership,
  isJoint,
  isLegalStep,
  isMember,
  isVoter,
  membersOf,
  type Membership,
  type MembershipTarget,
} from "./membership.ts";
export type { ChangeRefusal } from "./membership-change.ts";
export type { Append, Message, SnapshotMeta } from "./message.ts";
export { isQuorum, quorumIndex } from "./quorum.ts";
export { RaftCore, type PeerStatus, type ProposalOutcome, type ProposalRefusal } from "./raft-core.ts";
export {
  defaultRaftSettings,
  type Alarm,
  type Halt,
  type RaftDeps,
  type RaftSettings,
  type RaftStart,
  type Role,
} from "./raft-state.ts";
export type { ConfirmedRead, ReadOrigin } from "./read-queue.ts";
export type { ReadRefusal } from "./reading.ts";
export type { HardStateChange, RaftStatus, Ready, ReadyWrite } from "./ready.ts";
export type { TransferRefusal } from "./transfer.ts";
