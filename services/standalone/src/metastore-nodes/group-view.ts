/** What one node told of itself. */
export interface NodeView {
  /** Where it was asked, as `-metastore.address` has it. */
  readonly address: string;
  readonly serverId: string;
  readonly state: string;
  /** Server id; empty while it knows none. */
  readonly leaderId: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly version: string;
  readonly revision: string;
  readonly peers: readonly { readonly serverId: string; readonly suffrage: string }[];
  /** Name and value. */
  readonly stats: readonly (readonly [string, string])[];
}

export type NodeAnswer =
  | { readonly type: "answered"; readonly node: NodeView }
  | { readonly type: "silent"; readonly address: string; readonly reason: string };

export interface ListedNode extends NodeView {
  readonly suffrage: string;
}

/** The group, put together from what its nodes say. */
export interface GroupView {
  /** Sorted by server id, each once. */
  readonly nodes: readonly ListedNode[];
  /** Members of whom no node said anything: server ids. */
  readonly missing: readonly string[];
  /** Addresses at which nobody answered. */
  readonly silent: readonly { readonly address: string; readonly reason: string }[];
  readonly leader: NodeView | undefined;
  /** The term in which all nodes are that answered; undefined when they differ, or none answered. */
  readonly term: number | undefined;
}

/** Not in the group, as far as is known: it was removed, or never added. */
export const NO_SUFFRAGE = "none";

export function groupView(answers: readonly NodeAnswer[]): GroupView {
  const byId = new Map<string, NodeView>();
  for (const answer of answers) {
    // In process, and once more over the network.
    if (answer.type === "answered" && !byId.has(answer.node.serverId)) {
      byId.set(answer.node.serverId, answer.node);
    }
  }
  const nodes = [...byId.values()].toSorted((a, b) => (a.serverId < b.serverId ? -1 : 1));
  const leader = leaderOf(nodes);
  const peers = (leader ?? latest(nodes))?.peers ?? [];
  const suffrages = new Map(peers.map(({ serverId, suffrage }) => [serverId, suffrage]));
  const [first] = nodes;
  return {
    nodes: nodes.map((node) => ({ ...node, suffrage: suffrages.get(node.serverId) ?? NO_SUFFRAGE })),
    missing: [...suffrages.keys()].filter((serverId) => !byId.has(serverId)),
    silent: answers.flatMap((answer) => (answer.type === "silent" ? [answer] : [])),
    leader,
    term: first && nodes.every(({ term }) => term === first.term) ? first.term : undefined,
  };
}

/** A node that lost the lead may not know yet: the latest term counts. */
function leaderOf(nodes: readonly NodeView[]): NodeView | undefined {
  return latest(nodes.filter(({ state }) => state === "Leader"));
}

function latest(nodes: readonly NodeView[]): NodeView | undefined {
  return nodes.toSorted((a, b) => b.term - a.term || b.lastIndex - a.lastIndex)[0];
}
