import type { ExactColumn } from "@hearth/exact-integers";
import { PairInterner, StringInterner, type StringColumn } from "@hearth/symbols";

import { GrowableSums } from "./growable-sums.ts";
import { FOLDED, nameCount, treeTotals, type Tree } from "./tree.ts";

/** In a map of {@link TreeBuilder.mergeUsedNodes}: the node was not asked for, so it has no node here. */
export const NOT_IN_TREE = 0xffff_ffff;

/** Parent of the root in the table of nodes, so that a function without a name below the root is not the root. */
const NO_PARENT = 0xffff_ffff;

/** Columns of nodes to merge: {@link Tree} without values. */
export interface TreeNodes {
  readonly names: StringColumn;
  readonly parent: Uint32Array;
  readonly name: Uint32Array;
}

/**
 * Sums call trees. Names are found again by their bytes and nodes by (parent, name), both in typed arrays: no string
 * and no object is made for either.
 */
export class TreeBuilder {
  readonly #names = new StringInterner();
  readonly #nodes: PairInterner;
  readonly #self = new GrowableSums();

  /** @param expectedNodeCount - a hint that saves growing. */
  constructor(expectedNodeCount = 64) {
    this.#nodes = new PairInterner(expectedNodeCount);
    this.#nodes.intern(NO_PARENT, 0);
  }

  /** Nodes so far, the root among them. */
  get nodeCount(): number {
    return this.#nodes.count;
  }

  /** The index of a name, for {@link child}. */
  name(text: string): number {
    return this.#names.internString(text);
  }

  /** The node called `name` below `parent`, made when it is new. */
  child(parent: number, name: number): number {
    return this.#nodes.intern(parent, name);
  }

  /** Adds `high · 2^52 + low` to the self of a node; `0 <= low < 2^52`. What is added to the root is not kept. */
  addSelf(node: number, low: number, high = 0): void {
    this.#self.add(node, low, high);
  }

  /**
   * Makes sure that all given nodes exist here.
   *
   * @returns the node here of each given node.
   */
  mergeNodes(names: StringColumn, parent: Uint32Array, name: Uint32Array): Uint32Array {
    return this.#merge({ names, parent, name }, undefined);
  }

  /**
   * As {@link mergeNodes}, only for the nodes marked in `used` and those above them.
   *
   * @param used - one for each node, not 0 where used. Marks are added for the nodes above.
   * @returns the node here of each marked node, {@link NOT_IN_TREE} for the others.
   */
  mergeUsedNodes(nodes: TreeNodes, used: Uint8Array): Uint32Array {
    for (let node = nodes.parent.length - 1; node > 0; node--) {
      if (used[node] !== 0) used[nodes.parent[node]!] = 1;
    }
    return this.#merge(nodes, used);
  }

  /** Adds all stacks of `tree`; nodes whose total is 0 are left out. */
  addTree(tree: Tree): void {
    const { low, high } = tree.self;
    const used = new Uint8Array(low.length);
    for (let node = 1; node < low.length; node++) {
      used[node] = low[node] !== 0 || (high !== undefined && high[node] !== 0) ? 1 : 0;
    }
    const own = this.mergeUsedNodes(tree, used);
    for (let node = 1; node < low.length; node++) {
      if (used[node] !== 0) this.#self.add(own[node]!, low[node]!, high === undefined ? 0 : high[node]!);
    }
  }

  /** All nodes so far, numbered as in the maps that merging returned. */
  nodes(): TreeNodes {
    const count = this.#nodes.count;
    const parent = this.#nodes.first.slice(0, count);
    parent[0] = 0;
    return { names: this.#names.build(), parent, name: this.#nodes.second.slice(0, count) };
  }

  /** The sum so far, without nodes whose total is 0, so numbered anew. The builder may go on. */
  build(): Tree {
    const self = this.#self.build(this.#nodes.count);
    self.low[0] = 0;
    if (self.high) self.high[0] = 0;
    return withoutZeros({ ...this.nodes(), self });
  }

  #merge(nodes: TreeNodes, used: Uint8Array | undefined): Uint32Array {
    const { names, parent, name } = nodes;
    const ownNames = new Uint32Array(nameCount(names)).fill(NOT_IN_TREE);
    const own = new Uint32Array(parent.length);
    for (let node = 1; node < parent.length; node++) {
      if (used !== undefined && used[node] === 0) {
        own[node] = NOT_IN_TREE;
        continue;
      }
      own[node] = this.#nodes.intern(own[parent[node]!]!, this.#ownName(names, name[node]!, ownNames));
    }
    return own;
  }

  /** The index here of a foreign name; `ownNames` remembers those seen. */
  #ownName(names: StringColumn, name: number, ownNames: Uint32Array): number {
    if (name === FOLDED) return FOLDED;
    let own = ownNames[name]!;
    if (own === NOT_IN_TREE) {
      own = this.#names.intern(names.bytes, names.offsets[name]!, names.offsets[name + 1]!);
      ownNames[name] = own;
    }
    return own;
  }
}

function withoutZeros(tree: Tree): Tree {
  const totals = treeTotals(tree.parent, tree.self);
  const kept = nodesWithTotal(totals);
  if (kept.length === tree.parent.length) return tree;
  const moved = new Uint32Array(tree.parent.length);
  for (let node = 0; node < kept.length; node++) moved[kept[node]!] = node;
  const { low, high } = tree.self;
  return {
    names: tree.names,
    parent: kept.map((node) => moved[tree.parent[node]!]!),
    name: kept.map((node) => tree.name[node]!),
    self: {
      low: Float64Array.from(kept, (node) => low[node]!),
      high: high && Float64Array.from(kept, (node) => high[node]!),
    },
  };
}

/** The root and the nodes whose total is not 0, ascending. */
function nodesWithTotal(totals: ExactColumn): Uint32Array {
  const { low, high } = totals;
  const kept = new Uint32Array(low.length);
  let count = 1;
  for (let node = 1; node < low.length; node++) {
    if (low[node] !== 0 || (high !== undefined && high[node] !== 0)) kept[count++] = node;
  }
  return kept.subarray(0, count);
}
