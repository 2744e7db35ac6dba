import { compareBytes } from "@hearth/labels";
import type { Profile } from "@hearth/proto/google/v1";

import { buildCallGraph, type CallEdge, type CallGraph, type CallNode } from "./call-graph.ts";

/** A graph small enough to look at. */
export interface DrawnGraph extends CallGraph {
  /** Nodes before any was left out. */
  readonly nodeCount: number;
}

/** The graph of the `maxNodes` most interesting nodes, in that order, without edges that only repeat a path. */
export function selectGraph(profile: Profile, maxNodes: number): DrawnGraph {
  const whole = buildCallGraph(profile);
  const ranked = byInterest(whole.nodes);
  const kept = ranked.slice(0, maxNodes);
  const isWhole = kept.length === ranked.length;
  const nodes = isWhole
    ? ranked
    : byInterest(buildCallGraph(profile, new Set(kept.map(({ key }) => key))).nodes);
  removeRedundantEdges(nodes);
  return { nodes, total: whole.total, nodeCount: whole.nodes.length };
}

/**
 * Nodes with much weight whose calls branch come first: their place in the graph says the most. A chain of calls, each
 * with one caller and one callee, is worth little however heavy it is.
 */
function byInterest(nodes: readonly CallNode[]): CallNode[] {
  const scored = nodes.map((node) => ({ node, score: interest(node) }));
  return scored
    .sort((a, b) => b.score - a.score || compareBytes(a.node.key, b.node.key))
    .map(({ node }) => node);
}

function interest({ callers, callees, flat, cumulative }: CallNode): number {
  const spread = branching([...callers.values()], 0) + branching([...callees.values()], flat);
  return Math.trunc(spread * cumulative) + flat;
}

/** The entropy of the edges' weights, in bits; entries and leaves count 1. */
function branching(edges: readonly CallEdge[], self: number): number {
  if (edges.length === 0) return 1;
  const weights = [...edges.map(({ weight }) => weight), self].filter((weight) => weight > 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((bits, weight) => bits - (weight / total) * Math.log2(weight / total), 0);
}

/** The heaviest first. */
export function byWeight(edges: Iterable<CallEdge>): CallEdge[] {
  return [...edges].sort(
    (a, b) =>
      b.weight - a.weight ||
      compareBytes(a.caller.key, b.caller.key) ||
      compareBytes(a.callee.key, b.callee.key),
  );
}

/**
 * Removes edges over left-out nodes where the graph has another path: the lightest first, and of each node only those
 * that are lighter than all its direct edges.
 */
function removeRedundantEdges(nodes: readonly CallNode[]): void {
  for (const node of nodes.toReversed()) {
    for (const edge of byWeight(node.callers.values()).reverse()) {
      if (!edge.isResidual) break;
      if (!hasOtherPath(edge)) continue;
      edge.caller.callees.delete(edge.callee);
      edge.callee.callers.delete(edge.caller);
    }
  }
}

function hasOtherPath(edge: CallEdge): boolean {
  const seen = new Set([edge.callee]);
  // Grows while it is walked.
  for (const node of seen) {
    for (const other of node.callers.values()) {
      if (other === edge) continue;
      if (other.caller === edge.caller && !seen.has(other.caller)) return true;
      seen.add(other.caller);
    }
  }
  return false;
}
