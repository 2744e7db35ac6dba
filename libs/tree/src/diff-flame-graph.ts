import { ExactSums, exactToBigInt, type ExactColumn } from "@hearth/exact-integers";

import { addDistance, addFrom, type BarRows, type Extents, largest, placeAbove, placeAfter } from "./bars.ts";
import { isAtLeast, kthLargest, ZERO, type ExactValue } from "./kth-largest.ts";
import { NameList, ROOT_NAME } from "./name-list.ts";
import { sortedChildren, type SortedChildren } from "./sorted-children.ts";
import { TreeBuilder, type TreeNodes } from "./tree-builder.ts";
import { FOLDED, treeTotals, type Tree } from "./tree.ts";

/**
 * Two call trees side by side, as rows of bars, seven values for each: distance, total and self of the left tree, the same of
 * the right tree, number of the name. Distances are from the end of the bar before it in the row, for each tree on its own.
 */
export interface DiffFlameGraph extends BarRows {
  /** Of both trees together. */
  readonly total: bigint;
  /** The largest self in either tree. */
  readonly maxSelf: bigint;
  readonly leftTicks: bigint;
  readonly rightTicks: bigint;
}

const VALUES = 7;

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

/** A bar for what was folded, which has no node. */
const NO_NODE = 0xffff_ffff;

/** Bars of one tree, by number. */
class SideBars implements Extents {
  readonly x: ExactSums;
  readonly total: ExactSums;
  readonly self: ExactSums;
  readonly #side: Side;

  constructor(side: Side, capacity: number) {
    this.#side = side;
    this.x = new ExactSums(capacity);
    this.total = new ExactSums(capacity);
    this.self = new ExactSums(capacity);
  }

  /** The bar of a node. */
  draw(bar: number, node: number): void {
    addFrom(this.total, bar, this.#side.total, node);
    addFrom(this.self, bar, this.#side.self, node);
  }

  /** Adds a node to a bar that shows nothing but itself. */
  fold(bar: number, node: number): void {
    addFrom(this.total, bar, this.#side.total, node);
    addFrom(this.self, bar, this.#side.total, node);
  }

  addValues(values: ExactSums, at: number, bar: number, before: number): void {
    addDistance(values, at, this, bar, before);
    addFrom(values, at + 1, this.total, bar);
    addFrom(values, at + 2, this.self, bar);
  }
}

class DiffDrawing {
  readonly #aligned: AlignedTrees;
  readonly #least: ExactValue;
  readonly #names: NameList;
  /** Of each bar, row after row. */
  readonly #node: Uint32Array;
  readonly #sides: readonly [left: SideBars, right: SideBars];
  #barCount = 0;

  constructor(aligned: AlignedTrees, least: ExactValue) {
    this.#aligned = aligned;
    this.#least = least;
    this.#names = new NameList(aligned.nodes.names);
    // A bar for each node, and one for what was folded above it.
    const capacity = 2 * aligned.nodes.parent.length;
    this.#node = new Uint32Array(capacity);
    this.#sides = [new SideBars(aligned.left, capacity), new SideBars(aligned.right, capacity)];
  }

  draw(): DiffFlameGraph {
    const rowStarts = [0];
    this.#draw(0);
    for (let start = 0; start < this.#barCount;) {
      const end = this.#barCount;
      for (let bar = start; bar < end; bar++) this.#drawAbove(bar);
      rowStarts.push(VALUES * end);
      start = end;
    }
    const [left, right] = this.#sides;
    const leftTicks = exactToBigInt(left.total, 0);
    const rightTicks = exactToBigInt(right.total, 0);
    const selfs = this.#sides.map(({ self }) => largest(self, this.#barCount));
    return {
      rowStarts: Uint32Array.from(rowStarts),
      values: this.#values(rowStarts),
      names: this.#names.utf8,
      total: leftTicks + rightTicks,
      maxSelf: selfs.reduce((most, self) => (self > most ? self : most)),
      leftTicks,
      rightTicks,
    };
  }

  #values(rowStarts: readonly number[]): ExactColumn {
    const { name } = this.#aligned.nodes;
    const [left, right] = this.#sides;
    const values = new ExactSums(VALUES * this.#barCount);
    for (let bar = 0, row = 0; bar < this.#barCount; bar++) {
      const at = VALUES * bar;
      const isFirst = at === rowStarts[row];
      if (isFirst) row++;
      const before = isFirst ? bar : bar - 1;
      left.addValues(values, at, bar, before);
      right.addValues(values, at + 3, bar, before);
      const node = this.#node[bar]!;
      const shown = node === NO_NODE ? FOLDED : name[node]!;
      values.add(at + 6, bar === 0 ? ROOT_NAME : this.#names.number(shown));
    }
    return values;
  }

  /** The bars above one: the children of its node that stay, then the rest as one. */
  #drawAbove(below: number): void {
    const node = this.#node[below]!;
    if (node === NO_NODE) return;
    const { first, children } = this.#aligned.families;
    const firstAbove = this.#barCount;
    let foldedCount = 0;
    for (let i = first[node]!; i < first[node + 1]!; i++) {
      if (this.#stays(children[i]!)) this.#place(this.#draw(children[i]!), firstAbove, below);
      else foldedCount++;
    }
    if (foldedCount === 0) return;
    const folded = this.#barCount++;
    this.#node[folded] = NO_NODE;
    for (let i = first[node]!; i < first[node + 1]!; i++) {
      if (!this.#stays(children[i]!)) for (const side of this.#sides) side.fold(folded, children[i]!);
    }
    this.#place(folded, firstAbove, below);
  }

  /** @returns the number of the bar. */
  #draw(node: number): number {
    const bar = this.#barCount++;
    this.#node[bar] = node;
    for (const side of this.#sides) side.draw(bar, node);
    return bar;
  }

  #place(bar: number, firstAbove: number, below: number): void {
    for (const side of this.#sides) {
      if (bar === firstAbove) placeAbove(side, bar, below);
      else placeAfter(side, bar, bar - 1);
    }
  }

  #stays(node: number): boolean {
    const { nodes, left, right } = this.#aligned;
    if (nodes.name[node] === FOLDED) return false;
    return isAtLeast(left.total, node, this.#least) || isAtLeast(right.total, node, this.#least);
  }
}
