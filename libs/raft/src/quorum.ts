import type { NodeId } from "./entry.ts";
import type { Membership } from "./membership.ts";

/** Majorities, of both halves while a configuration is joint (Raft §6). */

export type VoteOutcome = "won" | "lost" | "open";

/** Whether the nodes that `has` accepts are a quorum. */
export function isQuorum(membership: Membership, has: (node: NodeId) => boolean): boolean {
  return isMajority(membership.voters, has) && isMajority(membership.outgoing, has);
}

/** What an election came to so far. `votes` has an entry for each node that answered. */
export function voteOutcome(membership: Membership, votes: ReadonlyMap<NodeId, boolean>): VoteOutcome {
  if (isQuorum(membership, (node) => votes.get(node) === true)) return "won";
  // Lost when no further answers can make it a quorum.
  return isQuorum(membership, (node) => votes.get(node) !== false) ? "open" : "lost";
}

/** The largest index that a quorum has, given how far each node has it. */
export function quorumIndex(membership: Membership, indexOf: (node: NodeId) => number): number {
  const inVoters = majorityIndex(membership.voters, indexOf);
  return membership.outgoing.length === 0
    ? inVoters
    : Math.min(inVoters, majorityIndex(membership.outgoing, indexOf));
}

/** The empty half of a configuration that is not joint agrees with everything. */
function isMajority(nodes: readonly NodeId[], has: (node: NodeId) => boolean): boolean {
  let count = 0;
  for (const node of nodes) if (has(node)) count++;
  return nodes.length === 0 || count > nodes.length / 2;
}

function majorityIndex(nodes: readonly NodeId[], indexOf: (node: NodeId) => number): number {
  const indexes = nodes.map(indexOf).sort((a, b) => b - a);
  return indexes[Math.floor(nodes.length / 2)] ?? 0;
}
