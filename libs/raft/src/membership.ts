import type { NodeId } from "./entry.ts";

/**
 * Who takes part (Raft §6). While `outgoing` has members the configuration is joint: elections, commits and reads need a
 * majority of `voters` and one of `outgoing`. Lists are sorted and have no repeats.
 */
export interface Membership {
  readonly voters: readonly NodeId[];
  /** The voters before the change that is under way; empty when none is. */
  readonly outgoing: readonly NodeId[];
  /** Get the log and do not count. */
  readonly learners: readonly NodeId[];
}

/** What somebody wants it to be. */
export interface MembershipTarget {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

export function isJoint(membership: Membership): boolean {
  return membership.outgoing.length > 0;
}

/** A voter in either half of a joint configuration is a voter. */
export function isVoter(membership: Membership, node: NodeId): boolean {
  return membership.voters.includes(node) || membership.outgoing.includes(node);
}

export function isMember(membership: Membership, node: NodeId): boolean {
  return isVoter(membership, node) || membership.learners.includes(node);
}

/** Everybody who gets the log, sorted. */
export function membersOf(membership: Membership): NodeId[] {
  return sortedSet([...membership.voters, ...membership.outgoing, ...membership.learners]);
}

/**
 * The first step from `current`, which is not joint, to `target`: a joint configuration when voters change, else the
 * target itself.
 */
export function firstStep(current: Membership, target: MembershipTarget): Membership {
  const voters = sortedSet(target.voters);
  const learners = sortedSet(target.learners.filter((node) => !voters.includes(node)));
  const isSame = voters.length === current.voters.length && voters.every((node) => isVoter(current, node));
  return { voters, outgoing: isSame ? [] : current.voters, learners };
}

/** What a joint configuration ends in. */
export function finalStep(joint: Membership): Membership {
  return { ...joint, outgoing: [] };
}

/**
 * Whether a log may have `next` as the configuration after `current`: only one step of a change at a time, so that
 * majorities of neighbours always share a node.
 */
export function isLegalStep(current: Membership, next: Membership): boolean {
  if (next.voters.length === 0) return false;
  if (isJoint(current)) return !isJoint(next) && isSameSet(next.voters, current.voters);
  if (isJoint(next)) return isSameSet(next.outgoing, current.voters);
  return isSameSet(next.voters, current.voters);
}

export function encodeMembership({ voters, outgoing, learners }: Membership): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ voters, outgoing, learners }));
}

/** Undefined when the bytes are none. */
export function decodeMembership(bytes: Uint8Array): Membership | undefined {
  try {
    const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Partial<Membership>;
    const { voters, outgoing, learners } = json;
    const isWhole = isNodeList(voters) && isNodeList(outgoing) && isNodeList(learners);
    return isWhole ? { voters, outgoing, learners } : undefined;
  } catch {
    return undefined;
  }
}

/** Sorted, no node twice: two lists of the same length then have the same nodes only if they are equal. */
function isNodeList(value: unknown): value is NodeId[] {
  const isNext = (node: unknown, at: number, nodes: readonly unknown[]): boolean =>
    typeof node === "string" && (at === 0 || (nodes[at - 1] as NodeId) < node);
  return Array.isArray(value) && value.every((node, at, nodes) => isNext(node, at, nodes));
}

function isSameSet(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((node) => b.includes(node));
}

function sortedSet(nodes: readonly NodeId[]): NodeId[] {
  return [...new Set(nodes)].toSorted();
}
