import { ExactSums, type ExactColumn } from "@hearth/exact-integers";

import { isAtLeast, kthLargest, type ExactValue } from "./kth-largest.ts";
import { FOLDED, treeTotals, type Tree } from "./tree.ts";

/**
 * Keeps the nodes with the largest totals: those that reach the `maxNodes`-th largest total, so more than `maxNodes`
 * when totals are equal. The others of each family become one {@link FOLDED} node with their sum. Neither the root nor
 * folded nodes count, so cutting twice is cutting once.
 *
 * @param maxNodes - below 1 keeps everything.
 */
export function truncateTree(tree: Tree, maxNodes: number): Tree {
  const ranked = rankedNodes(tree.name);
  if (maxNodes < 1 || ranked.length <= maxNodes) return tree;
  const totals = treeTotals(tree.parent, tree.self);
  return foldBelow(tree, totals, kthLargest(totals, ranked, maxNodes));
}

function rankedNodes(name: Uint32Array): Uint32Array {
  const nodes = new Uint32Array(name.length);
  let count = 0;
  for (let node = 1; node < name.length; node++) if (name[node] !== FOLDED) nodes[count++] = node;
  return nodes.subarray(0, count);
}

/** A cut tree in the making: kept nodes first, in their old order, then the folded ones. */
interface Cut {
  readonly parent: Uint32Array;
  readonly name: Uint32Array;
  readonly self: ExactSums;
  count: number;
}

const NO_NODE = 0xffff_ffff;

function foldBelow(tree: Tree, totals: ExactColumn, least: ExactValue): Tree {
  const nodeCount = tree.parent.length;
  const moved = new Uint32Array(nodeCount).fill(NO_NODE);
  // At most one node more than before for each node that is kept, and none for those that are not.
  const cut: Cut = {
    parent: new Uint32Array(nodeCount),
    name: new Uint32Array(nodeCount),
    self: new ExactSums(nodeCount),
    count: 0,
  };
  for (let node = 0; node < nodeCount; node++) {
    const isKept = node === 0 || (tree.name[node] !== FOLDED && isAtLeast(totals, node, least));
    if (!isKept) continue;
    moved[node] = cut.count;
    append(cut, moved[tree.parent[node]!]!, tree.name[node]!);
    cut.self.add(moved[node]!, tree.self.low[node]!, tree.self.high?.[node]);
  }
  foldOthers(tree, totals, moved, cut);
  return {
    names: tree.names,
    parent: cut.parent.slice(0, cut.count),
    name: cut.name.slice(0, cut.count),
    self: { low: cut.self.low.slice(0, cut.count), high: cut.self.high?.slice(0, cut.count) },
  };
}

function foldOthers(tree: Tree, totals: ExactColumn, moved: Uint32Array, cut: Cut): void {
  const fold = new Uint32Array(cut.count).fill(NO_NODE);
  for (let node = 1; node < moved.length; node++) {
    const parent = moved[tree.parent[node]!]!;
    if (moved[node] !== NO_NODE || parent === NO_NODE) continue;
    if (fold[parent] === NO_NODE) fold[parent] = append(cut, parent, FOLDED);
    cut.self.add(fold[parent]!, totals.low[node]!, totals.high?.[node]);
  }
}

function append(cut: Cut, parent: number, name: number): number {
  cut.parent[cut.count] = parent;
  cut.name[cut.count] = name;
  return cut.count++;
}
