import type { Client, Transport } from "@connectrpc/connect";
import { DomainError } from "@hearth/errors";
import type { NodeInfo, RaftNodeService } from "@hearth/proto/raft_node";

import type { NodeAnswer, NodeView } from "./group-view.ts";

/** A metastore that can be asked by itself. */
export interface MetastoreTarget {
  readonly address: string;
  readonly client: Client<typeof RaftNodeService>;
}

export interface MetastoreNodes {
  /** Each metastore that is known now. */
  readonly targets: () => readonly MetastoreTarget[];
  /** Calls whichever of them leads. */
  readonly group: Transport;
}

/** A node that is slower than this is shown as one that does not answer. */
const ANSWER_WITHIN_MS = 2_000;

/** Asks all of them at once what they know. Never rejects: who does not answer is in the answers too. */
export function askNodes(targets: readonly MetastoreTarget[]): Promise<NodeAnswer[]> {
  return Promise.all(targets.map((target) => askNode(target)));
}

async function askNode({ address, client }: MetastoreTarget): Promise<NodeAnswer> {
  try {
    const { node } = await client.nodeInfo({}, { timeoutMs: ANSWER_WITHIN_MS });
    if (!node) return { type: "silent", address, reason: "the answer is empty" };
    return { type: "answered", node: viewOf(address, node) };
  } catch (error) {
    const reason = error instanceof DomainError ? error.message : String(error);
    return { type: "silent", address, reason };
  }
}

function viewOf(address: string, node: NodeInfo): NodeView {
  const { name: names = [], value: values = [] } = node.stats ?? {};
  return {
    address,
    serverId: node.serverId,
    state: node.state,
    leaderId: node.leaderId,
    term: Number(node.currentTerm),
    commitIndex: Number(node.commitIndex),
    appliedIndex: Number(node.appliedIndex),
    lastIndex: Number(node.lastIndex),
    version: node.buildVersion,
    revision: node.buildRevision,
    peers: node.peers.map(({ serverId, suffrage }) => ({ serverId, suffrage })),
    stats: names.map((name, at) => [name, values[at] ?? ""]),
  };
}
