import { nameOf, membersOf, type MembershipTarget, type NodeId } from "@hearth/raft";

import { incarnationOf, planJoin, planPromotion } from "../raft-group/plan-membership.ts";
import {
  done,
  findServer,
  parseServer,
  refused,
  standstill,
  takesPart,
  underWay,
  type Done,
  type LeaderFacts,
  type Refusal,
} from "./plan.ts";

/** Changes of the members that an operator asks the leader for. */
export type ChangePlan = { readonly type: "change"; readonly target: MembershipTarget } | Done | Refusal;

/**
 * Takes a server in without a vote; it gets one by itself when it has caught up. A name alone gets the next incarnation, an id
 * is taken as it is: of a server that was taken out and still has its disk.
 */
export function planAddition(facts: LeaderFacts, serverId: string): ChangePlan {
  const server = parseServer(serverId);
  if (server.type === "refused") return server;
  const { membership } = facts;
  const sameName = membersOf(membership).filter((node) => nameOf(node) === server.name);
  if (server.type === "id" ? takesPart(facts, server.id) : sameName.length > 0) return done;
  const busy = underWay(facts);
  if (busy) return busy;
  if (server.type === "name") {
    const join = planJoin(facts, { name: server.name, nodeId: undefined });
    if (join.type === "wait") return refused("busy", join.reason);
    return join.type === "known" ? done : { type: "change", target: join.target };
  }
  const newer = sameName.find((node) => incarnationOf(node) > incarnationOf(server.id));
  if (newer !== undefined) {
    return refused("precondition", `a later incarnation has taken its place: server_id=${newer}`);
  }
  // A learner of the same name never had a vote: the new one takes its place. A voter stays until the new one has caught up.
  const learners = membership.learners.filter((node) => !sameName.includes(node));
  return { type: "change", target: { voters: membership.voters, learners: [...learners, server.id] } };
}

/** Takes a server out, unless it leads, or too few live voters would be left. */
export function planRemoval(facts: LeaderFacts, serverId: string): ChangePlan {
  const { membership } = facts;
  const leaving = findServer(membersOf(membership), serverId);
  if (typeof leaving !== "string") return leaving;
  const obstacle = leadObstacle(facts, leaving) ?? underWay(facts);
  if (obstacle) return obstacle;
  const without = (nodes: readonly NodeId[]): NodeId[] => nodes.filter((node) => node !== leaving);
  const target = { voters: without(membership.voters), learners: without(membership.learners) };
  // Who has no vote is missed by nobody.
  if (target.voters.length === membership.voters.length) return { type: "change", target };
  if (target.voters.length === 0) return refused("precondition", "it is the last voter of the group");
  return standstill(facts, target.voters) ?? { type: "change", target };
}

/**
 * Puts one server in the place of another in one step, so that the number of voters is never another one.
 *
 * @param request.replacementId - a member that has caught up: somebody added it before, or it joined by itself.
 */
export function planReplacement(
  facts: LeaderFacts,
  request: { readonly serverId: string; readonly replacementId: string },
): ChangePlan {
  const { membership } = facts;
  const members = membersOf(membership);
  const leaving = findServer(members, request.serverId);
  if (typeof leaving !== "string") return leaving;
  const coming = findServer(members, request.replacementId);
  if (typeof coming !== "string") {
    if (coming.kind !== "unknown") return coming;
    return refused("unknown", `${coming.reason}, add it first with AddNode`);
  }
  if (leaving === coming) return refused("invalid", `a server cannot replace itself: server_id=${leaving}`);
  const obstacle = leadObstacle(facts, leaving) ?? underWay(facts);
  if (obstacle) return obstacle;
  if (!membership.voters.includes(leaving)) {
    return refused(
      "precondition",
      `it has no vote to be taken over, remove it with RemoveNode: server_id=${leaving}`,
    );
  }
  const next = withVote(facts, coming);
  if (!next) return refused("not-live", `the replacement has not caught up yet: server_id=${coming}`);
  const { learners } = next;
  const target = { voters: next.voters.filter((node) => node !== leaving), learners };
  return standstill(facts, target.voters) ?? { type: "change", target };
}

/** The members once `node` has a vote; undefined when it is too far behind for one. */
function withVote(facts: LeaderFacts, node: NodeId): MembershipTarget | undefined {
  const { membership } = facts;
  if (membership.voters.includes(node)) return membership;
  const promotion = planPromotion({ ...facts, membership: { ...membership, learners: [node] } });
  if (!promotion) return undefined;
  return { voters: promotion.voters, learners: membership.learners.filter((other) => other !== node) };
}

function leadObstacle({ self }: LeaderFacts, leaving: NodeId): Refusal | undefined {
  if (leaving !== self) return undefined;
  return refused(
    "precondition",
    `it leads: hand the lead to another server first, with DemoteLeader or PromoteToLeader: server_id=${leaving}`,
  );
}
