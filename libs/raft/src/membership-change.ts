import { appendMembership } from "./committing.ts";
import { firstStep, isJoint, type MembershipTarget } from "./membership.ts";
import type { RaftState } from "./raft-state.ts";

/** Changes of who takes part (Raft §6): every change of voters through a joint configuration. */

export type ChangeRefusal =
  | "not-leader"
  /** The last change is not finished. */
  | "change-under-way"
  /** Nothing of this term is committed yet: an older change might still come to light. */
  | "not-settled"
  | "transferring"
  | "no-voters";

/** @returns the index of the entry that begins the change, or why it cannot begin. */
export function startChange(raft: RaftState, target: MembershipTarget): number | ChangeRefusal {
  if (raft.role !== "leader") return "not-leader";
  if (raft.memberships.currentIndex > raft.commit || isJoint(raft.membership)) return "change-under-way";
  if (raft.log.term(raft.commit) !== raft.term) return "not-settled";
  if (raft.transferTarget !== undefined) return "transferring";
  if (target.voters.length === 0) return "no-voters";
  return appendMembership(raft, firstStep(raft.membership, target)).index;
}
