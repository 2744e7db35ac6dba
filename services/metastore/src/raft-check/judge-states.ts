import { isQuorum, type Membership, type NodeId } from "@hearth/raft";

export type StateVerdict =
  /** A quorum has the checkpoint, and nobody differs. */
  | { readonly type: "equal" }
  /** A quorum has one digest, and these nodes, sorted, another. */
  | { readonly type: "diverged"; readonly digest: string; readonly nodes: readonly NodeId[] }
  /** Voters differ, and none of their digests has a quorum: it cannot be told who is right. */
  | { readonly type: "undecided" }
  /** Too few have the checkpoint. */
  | { readonly type: "unknown" };

/**
 * Whose state is wrong at a checkpoint. Only a quorum of all voters counts, not of those that answered: with less, a right
 * node could be stopped. Learners are judged, and have no voice.
 *
 * @param digests - of the nodes that have the checkpoint, the leader among them.
 */
export function judgeStates(membership: Membership, digests: ReadonlyMap<NodeId, string>): StateVerdict {
  const ofVoters = new Set<string>();
  for (const node of [...membership.voters, ...membership.outgoing]) {
    const digest = digests.get(node);
    if (digest !== undefined) ofVoters.add(digest);
  }
  for (const digest of ofVoters) {
    if (!isQuorum(membership, (node) => digests.get(node) === digest)) continue;
    const nodes = [...digests.keys()].filter((node) => digests.get(node) !== digest).toSorted();
    return nodes.length === 0 ? { type: "equal" } : { type: "diverged", digest, nodes };
  }
  return { type: ofVoters.size > 1 ? "undecided" : "unknown" };
}
