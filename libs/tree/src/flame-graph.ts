import { ExactSums, exactToBigInt } from "@hearth/exact-integers";

import { addDistance, addFrom, type BarRows, largest, placeAbove, placeAfter } from "./bars.ts";
import { NameList, ROOT_NAME } from "./name-list.ts";
import { sortedChildren } from "./sorted-children.ts";
import { treeTotals, type Tree } from "./tree.ts";

/**
 * A call tree as rows of bars, four values for each: distance to the end of the bar before it in the row, total, self,
 * number of the name.
 */
export interface FlameGraph extends BarRows {
  readonly total: bigint;
  /** The largest self of a node. */
  readonly maxSelf: bigint;
}

const VALUES = 4;

/**
 * Draws a tree: children stand above their parent, after the parent's own part, in the order of their names, with what
 * was folded last.
 */
export function flameGraph(tree: Tree): FlameGraph {
  const nodeCount = tree.parent.length;
  const total = treeTotals(tree.parent, tree.self);
  const { first, children } = sortedChildren(tree, "last");
  const names = new NameList(tree.names);
  const extents = { x: new ExactSums(nodeCount), total, self: tree.self };
  const values = new ExactSums(VALUES * nodeCount);
  /** Nodes, row after row. */
  const order = new Uint32Array(nodeCount);
  const rowStarts = [0];
  for (let start = 0, end = 1; start < end;) {
    let above = end;
    for (let bar = start; bar < end; bar++) {
      const node = order[bar]!;
      const at = VALUES * bar;
      addDistance(values, at, extents, node, bar === start ? node : order[bar - 1]!);
      addFrom(values, at + 1, total, node);
      addFrom(values, at + 2, tree.self, node);
      values.add(at + 3, node === 0 ? ROOT_NAME : names.number(tree.name[node]!));
      for (let i = first[node]!; i < first[node + 1]!; i++) {
        const child = children[i]!;
        if (i === first[node]) placeAbove(extents, child, node);
        else placeAfter(extents, child, children[i - 1]!);
        order[above++] = child;
      }
    }
    rowStarts.push(VALUES * end);
    start = end;
    end = above;
  }
  return {
    names: names.utf8,
    rowStarts: Uint32Array.from(rowStarts),
    values,
    total: exactToBigInt(total, 0),
    maxSelf: largest(tree.self, nodeCount),
  };
}
