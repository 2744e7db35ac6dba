import { ExactSums, exactToBigInt, type ExactColumn } from "@hearth/exact-integers";

import { isAtLeast, kthLargest, ZERO, type ExactValue } from "./kth-largest.ts";
import { NameList, ROOT_NAME } from "./name-list.ts";
import { sortedChildren, type SortedChildren } from "./sorted-children.ts";
import { TreeBuilder, type TreeNodes } from "./tree-builder.ts";
import { FOLDED, treeTotals, type Tree } from "./tree.ts";

/** Two call trees side by side, as rows of bars. */
export interface DiffFlameGraph {
  /** Number 0 is `total`. */
  readonly names: readonly string[];
  /**
   * Bars from left to right, seven values each: distance, total and self of the left tree, the same of the right tree,
   * number of the name. Distances are from the end of the bar before it in the row, for each tree on its own.
   */
  readonly levels: readonly (readonly bigint[])[];
  /** Of both trees together. */
  readonly total: bigint;
  /** The largest self in either tree. */
  readonly maxSelf: bigint;
  readonly leftTicks: bigint;
  readonly rightTicks: bigint;
}

/** Both trees over the same nodes. */
interface AlignedTrees {
  readonly nodes: TreeNodes;
  readonly families: SortedChildren;
  readonly left: Side;
  readonly right: Side;
}

interface Side {
  readonly self: ExactColumn;
  readonly total: ExactColumn;
}

/**
 * Draws two trees over each other. A node of one tree alone has no width in the other. Of each family stay the nodes
 * that reach, in either tree, the `maxNodes`-th largest of all totals, the root's among them; the rest is folded.
 *
 * @param maxNodes - below 1 keeps everything.
 */
export function diffFlameGraph(left: Tree, right: Tree, maxNodes: number): DiffFlameGraph {
  const aligned = align(left, right);
  return new DiffDrawing(aligned, diffThreshold(aligned, maxNodes)).draw();
}

function align(left: Tree, right: Tree): AlignedTrees {
  const builder = new TreeBuilder(Math.max(left.parent.length, right.parent.length));
  const ownLeft = builder.mergeNodes(left.names, left.parent, left.name);
  const ownRight = builder.mergeNodes(right.names, right.parent, right.name);
  const nodes = builder.nodes();
  return {
    nodes,
    families: sortedChildren(nodes, "last"),
    left: sideOf(nodes, left, ownLeft),
    right: sideOf(nodes, right, ownRight),
  };
}

/** The values of `tree` over the nodes that it shares with another; `own` has the shared node of each of its nodes. */
function sideOf(nodes: TreeNodes, tree: Tree, own: Uint32Array): Side {
  const self = new ExactSums(nodes.parent.length);
  for (let node = 1; node < own.length; node++) {
    self.add(own[node]!, tree.self.low[node]!, tree.self.high?.[node]);
  }
  return { self, total: treeTotals(nodes.parent, self) };
}

function diffThreshold({ nodes, left, right }: AlignedTrees, maxNodes: number): ExactValue {
  const nodeCount = nodes.parent.length;
  if (maxNodes < 1 || nodeCount <= maxNodes) return ZERO;
  const larger = new ExactSums(nodeCount);
  const ranked = new Uint32Array(nodeCount);
  let count = 0;
  for (let node = 0; node < nodeCount; node++) {
    const side = exactToBigInt(left.total, node) > exactToBigInt(right.total, node) ? left : right;
    larger.add(node, side.total.low[node]!, side.total.high?.[node]);
    if (nodes.name[node] !== FOLDED) ranked[count++] = node;
  }
  return count <= maxNodes ? ZERO : kthLargest(larger, ranked.subarray(0, count), maxNodes);
}

/** What one bar shows; folded nodes have no node of their own. */
interface DiffBar {
  readonly node: number;
  readonly name: number;
  readonly left: Extent;
  readonly right: Extent;
}

interface Extent {
  readonly x: bigint;
  readonly total: bigint;
  readonly self: bigint;
}

const NO_NODE = -1;

class DiffDrawing {
  readonly #aligned: AlignedTrees;
  readonly #least: ExactValue;
  readonly #names: NameList;
  #maxSelf = 0n;

  constructor(aligned: AlignedTrees, least: ExactValue) {
    this.#aligned = aligned;
    this.#least = least;
    this.#names = new NameList(aligned.nodes.names);
  }

  draw(): DiffFlameGraph {
    const root = this.#bar(0, 0n, 0n);
    const levels: bigint[][] = [];
    for (let row = [root]; row.length > 0; row = row.flatMap((bar) => this.#above(bar))) {
      levels.push(this.#encodeRow(row));
    }
    return {
      names: this.#names.texts,
      levels,
      total: root.left.total + root.right.total,
      maxSelf: this.#maxSelf,
      leftTicks: root.left.total,
      rightTicks: root.right.total,
    };
  }

  #encodeRow(row: readonly DiffBar[]): bigint[] {
    const values: bigint[] = [];
    let leftEnd = 0n;
    let rightEnd = 0n;
    for (const { node, name, left, right } of row) {
      if (left.self > this.#maxSelf) this.#maxSelf = left.self;
      if (right.self > this.#maxSelf) this.#maxSelf = right.self;
      values.push(left.x - leftEnd, left.total, left.self, right.x - rightEnd, right.total, right.self);
      values.push(BigInt(node === 0 ? ROOT_NAME : this.#names.number(name)));
      leftEnd = left.x + left.total;
      rightEnd = right.x + right.total;
    }
    return values;
  }

  /** The bars above one: its children that stay, then the rest as one. */
  #above(bar: DiffBar): DiffBar[] {
    if (bar.node === NO_NODE) return [];
    const { first, children } = this.#aligned.families;
    const bars: DiffBar[] = [];
    const rest: DiffBar[] = [];
    let leftX = bar.left.x + bar.left.self;
    let rightX = bar.right.x + bar.right.self;
    for (let i = first[bar.node]!; i < first[bar.node + 1]!; i++) {
      const child = this.#bar(children[i]!, leftX, rightX);
      if (!this.#stays(child.node)) {
        rest.push(child);
        continue;
      }
      bars.push(child);
      leftX += child.left.total;
      rightX += child.right.total;
    }
    if (rest.length > 0) bars.push(fold(rest, leftX, rightX));
    return bars;
  }

  #stays(node: number): boolean {
    const { nodes, left, right } = this.#aligned;
    if (nodes.name[node] === FOLDED) return false;
    return isAtLeast(left.total, node, this.#least) || isAtLeast(right.total, node, this.#least);
  }

  #bar(node: number, leftX: bigint, rightX: bigint): DiffBar {
    const { nodes, left, right } = this.#aligned;
    const extent = (side: Side, x: bigint): Extent => ({
      x,
      total: exactToBigInt(side.total, node),
      self: exactToBigInt(side.self, node),
    });
    return { node, name: nodes.name[node]!, left: extent(left, leftX), right: extent(right, rightX) };
  }
}

function fold(bars: readonly DiffBar[], leftX: bigint, rightX: bigint): DiffBar {
  const left = bars.reduce((sum, bar) => sum + bar.left.total, 0n);
  const right = bars.reduce((sum, bar) => sum + bar.right.total, 0n);
  return {
    node: NO_NODE,
    name: FOLDED,
    left: { x: leftX, total: left, self: left },
    right: { x: rightX, total: right, self: right },
  };
}
