/**
 * What a node with an empty disk does. Every node of a new cluster begins by itself, with the same first state, once all
 * named peers are known to be as new as it is. A node whose disk was wiped must not: it may have voted, and acknowledged
 * entries, in a life that it forgot.
 *
 * The sign of a life is the term: before a node grants a vote, the candidate has the term on its disk. So where every peer
 * still has the first term, nobody ever voted for anything.
 */

/** Of the first state, with which every log begins. Elections are held in later ones. */
export const FIRST_TERM = 1;

export type PeerState =
  /** Not reached, or its answer made no sense. */
  | { readonly type: "silent" }
  /** Its disk is empty too. */
  | { readonly type: "empty" }
  /** It has begun, and waits for the others: its term is the first. */
  | { readonly type: "begun" }
  /** It takes part in a cluster. */
  | { readonly type: "member"; readonly clusterId: string };

export type FirstBootPlan =
  | { readonly type: "begin" }
  | { readonly type: "join" }
  /** Ask again: who is missing. */
  | { readonly type: "wait"; readonly missing: readonly string[] };

/**
 * @param peers - what each of the peers named in the settings says, this node itself not among them.
 * @param isNamed - whether the settings name this node among those that begin the cluster.
 */
export function planFirstBoot(peers: ReadonlyMap<string, PeerState>, isNamed: boolean): FirstBootPlan {
  const states = [...peers];
  if (states.some(([, { type }]) => type === "member")) return { type: "join" };
  const missing = states.filter(([, { type }]) => type === "silent").map(([name]) => name);
  if (missing.length > 0 || !isNamed) return { type: "wait", missing };
  return { type: "begin" };
}

/** Whether a node that has begun may take part in elections: none of its peers is left that would still find it empty-handed. */
export function mayTakePart(peers: ReadonlyMap<string, PeerState>): boolean {
  return [...peers.values()].every(({ type }) => type === "begun" || type === "member");
}
