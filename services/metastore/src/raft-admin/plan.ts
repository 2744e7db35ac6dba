import { nameOf, isJoint, isMember, isQuorum, type Membership, type NodeId } from "@hearth/raft";

import type { MembershipFacts } from "../raft-group/plan-membership.ts";

/** What the leader knows when it is asked to change something. */
export interface LeaderFacts extends MembershipFacts {
  /** The leader's own id. */
  readonly self: NodeId;
}

/**
 * Why it is not done.
 *
 * - `invalid`: the request makes no sense, whatever the group is like.
 * - `unknown`: no such server takes part.
 * - `precondition`: something else has to be done first.
 * - `not-live`: too few servers were heard of lately; that may be otherwise in a moment.
 * - `busy`: another change is under way; that ends by itself.
 */
export interface Refusal {
  readonly type: "refused";
  readonly kind: "invalid" | "unknown" | "precondition" | "not-live" | "busy";
  readonly reason: string;
}

/** It is as it is wanted already. */
export interface Done {
  readonly type: "done";
}

export const done: Done = { type: "done" };

export function refused(kind: Refusal["kind"], reason: string): Refusal {
  return { type: "refused", kind, reason };
}

const NAME = /^[^\s/]{1,200}$/u;
const NODE_ID = /^[^\s/]{1,200}\/(?:0|[1-9][0-9]{0,8})$/u;

export type ServerName =
  | { readonly type: "id"; readonly id: NodeId; readonly name: string }
  | { readonly type: "name"; readonly name: string };

/** Reads how a server is named: `name/incarnation`, or the name alone. */
export function parseServer(text: string): ServerName | Refusal {
  if (NODE_ID.test(text)) return { type: "id", id: text, name: nameOf(text) };
  if (NAME.test(text)) return { type: "name", name: text };
  return refused("invalid", `a server is named name/incarnation, or by its name alone: got=${text}`);
}

/** The member that `text` names. */
export function findServer(members: readonly NodeId[], text: string): NodeId | Refusal {
  const server = parseServer(text);
  if (server.type === "refused") return server;
  const isNamed = (node: NodeId): boolean =>
    server.type === "id" ? node === server.id : nameOf(node) === server.name;
  const [found, ...others] = members.filter(isNamed);
  if (found === undefined) return refused("unknown", `no such server takes part: server_id=${text}`);
  if (others.length === 0) return found;
  return refused(
    "precondition",
    `more than one server has this name: servers=${[found, ...others].join(",")}`,
  );
}

/** Why no change can begin now. */
export function underWay({ membership, isCommitted }: MembershipFacts): Refusal | undefined {
  const isIdle = isCommitted && !isJoint(membership);
  return isIdle ? undefined : refused("busy", "another change of the members is under way");
}

/** Whether the leader heard of the node lately, and the node still has what it acknowledged. */
export function isLive({ self, peers }: LeaderFacts, node: NodeId): boolean {
  return node === self || peers.some((peer) => peer.node === node && peer.isActive && !peer.hasRegressed);
}

/** Why the group would stand still on the way to these voters, or with them: too few of them live. */
export function standstill(facts: LeaderFacts, voters: readonly NodeId[]): Refusal | undefined {
  const way: Membership = { voters, outgoing: facts.membership.voters, learners: [] };
  if (isQuorum(way, (node) => isLive(facts, node))) return undefined;
  const live = voters.filter((node) => isLive(facts, node)).length;
  const needed = Math.floor(voters.length / 2) + 1;
  return refused(
    "not-live",
    `too few live voters would be left: live=${live} needed=${needed} voters=${voters.length}`,
  );
}

/** Whether the node takes part, with a vote or without. */
export function takesPart({ membership }: MembershipFacts, node: NodeId): boolean {
  return isMember(membership, node);
}
