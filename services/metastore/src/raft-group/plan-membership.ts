import {
  isJoint,
  nameOf,
  type Membership,
  type MembershipTarget,
  type NodeId,
  type PeerStatus,
} from "@hearth/raft";

/** A learner that lags further behind is not made a voter: a quorum with it would wait for it. */
export const MAX_PROMOTION_LAG = 1_024;

export interface MembershipFacts {
  readonly membership: Membership;
  /** Whether the last change is committed. */
  readonly isCommitted: boolean;
  readonly commit: number;
  /** Of the leader's log. */
  readonly lastIndex: number;
  readonly peers: readonly PeerStatus[];
}

export function incarnationOf(node: NodeId): number {
  const number = Number(node.slice(node.lastIndexOf("/") + 1));
  return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}

/**
 * What the leader changes next by itself: a learner that has caught up becomes a voter, in the place of its own former
 * incarnation if there is one, in one joint step. Undefined when there is nothing to do, or not yet.
 */
export function planPromotion(facts: MembershipFacts): MembershipTarget | undefined {
  const { membership, isCommitted } = facts;
  if (!isCommitted || isJoint(membership)) return undefined;
  const ready = membership.learners.find((learner) => hasCaughtUp(learner, facts));
  if (ready === undefined) return undefined;
  const isSuperseded = (node: NodeId): boolean => node !== ready && nameOf(node) === nameOf(ready);
  return {
    voters: [...membership.voters.filter((node) => !isSuperseded(node)), ready],
    learners: membership.learners.filter((node) => node !== ready && !isSuperseded(node)),
  };
}

export type JoinPlan =
  /** It takes part already, or was told this id before: it only needs to know. */
  | { readonly type: "known"; readonly nodeId: NodeId }
  | { readonly type: "add"; readonly nodeId: NodeId; readonly target: MembershipTarget }
  | { readonly type: "wait"; readonly reason: string };

/**
 * How a node that lost its disk, or is new, comes in: as a learner, under an incarnation that nobody had before. So
 * votes and acknowledgements of its former life can never count for the new one.
 *
 * @param name - how the node is called.
 * @param nodeId - the id that it was given already, if it was.
 */
export function planJoin(
  { membership, isCommitted, lastIndex }: MembershipFacts,
  { name, nodeId }: { name: string; nodeId: NodeId | undefined },
): JoinPlan {
  const members = [...membership.voters, ...membership.outgoing, ...membership.learners];
  if (nodeId !== undefined && members.includes(nodeId)) return { type: "known", nodeId };
  if (!isCommitted || isJoint(membership)) return { type: "wait", reason: "members are being changed" };
  // The index of the entry that takes it in: never used before, by whoever left long ago either.
  const fresh = `${name}/${lastIndex + 1}`;
  // A learner of the same name never got its state: the new one takes its place.
  const learners = membership.learners.filter((node) => nameOf(node) !== name);
  return {
    type: "add",
    nodeId: fresh,
    target: { voters: membership.voters, learners: [...learners, fresh] },
  };
}

function hasCaughtUp(learner: NodeId, { peers, commit }: MembershipFacts): boolean {
  const peer = peers.find(({ node }) => node === learner);
  return (
    peer !== undefined &&
    peer.isActive &&
    !peer.hasRegressed &&
    peer.state === "replicate" &&
    peer.matchIndex >= commit - MAX_PROMOTION_LAG
  );
}
