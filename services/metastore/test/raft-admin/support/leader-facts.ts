import type { Membership, NodeId, PeerStatus } from "@hearth/raft";

import type { LeaderFacts } from "../../../src/raft-admin/plan.ts";

/** What `a/0` knows, which leads `a/0`, `b/0` and `c/0`: all of them live and have everything. */
export function leaderFacts(
  changes: Partial<Membership> & {
    readonly isCommitted?: boolean;
    /** Were not heard of. */
    readonly silent?: readonly NodeId[];
    /** Lost what they acknowledged. */
    readonly regressed?: readonly NodeId[];
    /** How far the others are, where it is not 5,000 as the commit index is. */
    readonly match?: Readonly<Record<NodeId, number>>;
  } = {},
): LeaderFacts {
  const { silent = [], regressed = [], match = {}, isCommitted = true } = changes;
  const { voters = ["a/0", "b/0", "c/0"], outgoing = [], learners = [] } = changes;
  const others = [...new Set([...voters, ...outgoing, ...learners])].filter((node) => node !== "a/0");
  const peers = others.map((node): PeerStatus => {
    const matchIndex = match[node] ?? 5_000;
    return {
      node,
      state: "replicate",
      matchIndex,
      nextIndex: matchIndex + 1,
      inFlight: 0,
      isActive: !silent.includes(node),
      hasRegressed: regressed.includes(node),
    };
  });
  return {
    self: "a/0",
    membership: { voters, outgoing, learners },
    isCommitted,
    commit: 5_000,
    lastIndex: 5_000,
    peers,
  };
}
