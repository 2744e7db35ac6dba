import type { ChangePlan } from "./plan-change.ts";
import type { LeaderFacts } from "./plan.ts";

/**
 * A leader finds out within a second or two that a voter is gone. A change of the voters that counts on one which is gone for
 * less would bring the group to a stand, and nothing would bring it back. So before such a change the leader writes an entry
 * that changes nothing: whoever acknowledges it lives, and its disk too.
 *
 * @param plan - what is to be done.
 * @returns a plan for that entry; `done` when `plan` leaves the voters as they are.
 */
export function planProof({ membership }: LeaderFacts, plan: ChangePlan): ChangePlan {
  if (plan.type !== "change") return plan;
  const { voters, learners } = membership;
  const isSame =
    plan.target.voters.length === voters.length && plan.target.voters.every((node) => voters.includes(node));
  return isSame ? { type: "done" } : { type: "change", target: { voters, learners } };
}

/** Only those count as live that have acknowledged the entry at `index`. */
export function provenBy(facts: LeaderFacts, index: number): LeaderFacts {
  const peers = facts.peers.map((peer) => ({
    ...peer,
    isActive: peer.isActive && peer.matchIndex >= index,
  }));
  return { ...facts, peers };
}
