import { membersOf, type NodeId } from "@hearth/raft";

import { done, findServer, isLive, refused, type Done, type LeaderFacts, type Refusal } from "./plan.ts";

/** Who is to lead instead of the leader. */
export type TransferPlan = { readonly type: "transfer"; readonly to: NodeId } | Done | Refusal;

/** Lets a certain voter lead. */
export function planPromotionToLeader(facts: LeaderFacts, serverId: string): TransferPlan {
  const to = findServer(membersOf(facts.membership), serverId);
  if (typeof to !== "string") return to;
  if (to === facts.self) return done;
  if (!facts.membership.voters.includes(to)) {
    return refused("precondition", `it has no vote, and cannot lead: server_id=${to}`);
  }
  if (!isLive(facts, to)) return refused("not-live", `it does not answer the leader: server_id=${to}`);
  return { type: "transfer", to };
}

/** Lets the voter lead that is furthest; of several, the first by its id. */
export function planDemotion(facts: LeaderFacts, serverId: string): TransferPlan {
  const { self, membership, peers } = facts;
  const server = findServer(membersOf(membership), serverId);
  if (typeof server !== "string") return server;
  if (server !== self) {
    return refused("precondition", `it does not lead: server_id=${server} leader=${self}`);
  }
  const [best] = peers
    .filter(({ node }) => membership.voters.includes(node) && isLive(facts, node))
    .toSorted((a, b) => b.matchIndex - a.matchIndex || (a.node < b.node ? -1 : 1));
  return best
    ? { type: "transfer", to: best.node }
    : refused("not-live", "no other voter answers the leader");
}
