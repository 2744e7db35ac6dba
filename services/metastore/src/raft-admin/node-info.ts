import { nameOf, membersOf, type NodeId, type PeerStatus } from "@hearth/raft";

import { STATE_VERSION } from "../index-state/command-codec.ts";
import type { AdminLog } from "./raft-admin.ts";
import { STATE_NAMES } from "./state-name.ts";

/** Of the code that runs. */
export interface Build {
  readonly version: string;
  readonly revision: string;
}

/** What a node tells of itself. Indexes and terms as in `RaftStatus`. */
export interface NodeFacts {
  readonly serverId: string;
  readonly address: string;
  readonly state: string;
  /** Empty while none is known. */
  readonly leaderId: string;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly term: number;
  /** Sorted by id. */
  readonly peers: readonly { readonly id: NodeId; readonly address: string; readonly suffrage: string }[];
  /** Name and value, for people. */
  readonly stats: readonly (readonly [string, string])[];
  /** The newest version of commands that this node can apply. */
  readonly supportedFsmVersion: number;
  /** The version that it writes, or would write if it led. */
  readonly activeFsmVersion: number;
}

/** @param name - under which the node is known before its files are read, and when they cannot be. */
export function nodeFacts(
  log: Pick<AdminLog, "status" | "identity" | "node">,
  { name, activeFsmVersion }: { name: string; activeFsmVersion: number },
): NodeFacts {
  const status = log.status();
  const { node } = log;
  const membership = node?.membership;
  const peers = membership ? membersOf(membership) : [];
  const isVoter = (id: NodeId): boolean =>
    membership !== undefined && (membership.voters.includes(id) || membership.outgoing.includes(id));
  return {
    serverId: log.identity?.nodeId ?? name,
    address: name,
    state: STATE_NAMES[status.role],
    leaderId: node?.status().leader ?? "",
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    lastIndex: status.lastIndex,
    term: status.term,
    peers: peers.map((id) => ({
      id,
      address: nameOf(id),
      suffrage: isVoter(id) ? "Voter" : "Nonvoter",
    })),
    stats: [
      ...(status.problem === undefined ? [] : [["problem", status.problem] as const]),
      ["first_log_index", String(status.firstIndex)],
      ["last_snapshot_index", String(status.snapshotIndex)],
      ...(membership ? [["members", membersText(membership)] as const] : []),
      ...(node?.peers ?? []).map((peer) => [`peer ${peer.node}`, peerText(peer)] as const),
    ],
    supportedFsmVersion: STATE_VERSION,
    activeFsmVersion,
  };
}

function membersText({ voters, outgoing, learners }: NonNullable<AdminLog["node"]>["membership"]): string {
  const parts = { voters, outgoing, learners };
  return Object.entries(parts)
    .filter(([, nodes]) => nodes.length > 0)
    .map(([part, nodes]) => `${part}=${nodes.join(",")}`)
    .join(" ");
}

function peerText({ state, matchIndex, inFlight, isActive, hasRegressed }: PeerStatus): string {
  const isCounted = hasRegressed ? " lost_what_it_acknowledged=true" : "";
  return `state=${state} match_index=${matchIndex} in_flight=${inFlight} active=${isActive}${isCounted}`;
}
