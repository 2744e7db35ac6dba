import { exactToBigInt } from "@hearth/exact-integers";

import { NameList, ROOT_NAME } from "./name-list.ts";
import { sortedChildren } from "./sorted-children.ts";
import { treeTotals, type Tree } from "./tree.ts";

/** A call tree as rows of bars, as clients draw it. */
export interface FlameGraph {
  /** Number 0 is `total`. */
  readonly names: readonly string[];
  /**
   * Bars from left to right, four values each: distance to the end of the bar before it in the row, total, self, number
   * of the name. Row 0 is one bar for everything.
   */
  readonly levels: readonly (readonly bigint[])[];
  readonly total: bigint;
  /** The largest self of a node. */
  readonly maxSelf: bigint;
}

/** A node to draw and where its bar begins. */
interface Bar {
  readonly node: number;
  readonly x: bigint;
}

/**
 * Draws a tree: children stand above their parent, after the parent's own part, in the order of their names, with what
 * was folded last.
 */
export function flameGraph(tree: Tree): FlameGraph {
  const totals = treeTotals(tree.parent, tree.self);
  const families = sortedChildren(tree, "last");
  const names = new NameList(tree.names);
  const levels: bigint[][] = [];
  let maxSelf = 0n;
  for (let row: Bar[] = [{ node: 0, x: 0n }]; row.length > 0;) {
    const values: bigint[] = [];
    const above: Bar[] = [];
    let end = 0n;
    for (const { node, x } of row) {
      const total = exactToBigInt(totals, node);
      const self = exactToBigInt(tree.self, node);
      if (self > maxSelf) maxSelf = self;
      const name = node === 0 ? ROOT_NAME : names.number(tree.name[node]!);
      values.push(x - end, total, self, BigInt(name));
      end = x + total;
      let childX = x + self;
      for (let i = families.first[node]!; i < families.first[node + 1]!; i++) {
        const child = families.children[i]!;
        above.push({ node: child, x: childX });
        childX += exactToBigInt(totals, child);
      }
    }
    levels.push(values);
    row = above;
  }
  return { names: names.texts, levels, total: exactToBigInt(totals, 0), maxSelf };
}
