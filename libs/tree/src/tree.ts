import { ExactSums, WORD, type ExactColumn } from "@hearth/exact-integers";
import type { StringColumn } from "@hearth/symbols";

/**
 * A call tree of function names with exact values, in columns. Node 0 is the virtual root, whose name is empty and
 * whose self is 0; every other node is a function called by its parent.
 */
export interface Tree {
  /** String 0 is empty; distinct. */
  readonly names: StringColumn;
  /** `parent[i] < i` but for the root, `parent[0] = 0`. */
  readonly parent: Uint32Array;
  /** Index of a name, or {@link FOLDED}; siblings have different names. */
  readonly name: Uint32Array;
  /** What was measured in the function itself, without what it called. */
  readonly self: ExactColumn;
}

/**
 * In place of a name: the node stands for siblings that were cut off. It is kept apart from a function that is really
 * called `other`, has no children, and shows as {@link FOLDED_TEXT}.
 */
export const FOLDED = 0xffff_ffff;

/** What a folded node is called in answers. */
export const FOLDED_TEXT = "other";

export const FOLDED_BYTES: Uint8Array = new TextEncoder().encode(FOLDED_TEXT);

/** A tree without stacks. */
export function emptyTree(): Tree {
  return {
    names: { bytes: new Uint8Array(), offsets: new Uint32Array(2) },
    parent: new Uint32Array(1),
    name: new Uint32Array(1),
    self: new ExactSums(1),
  };
}

/** Whether the tree holds no stack. */
export function isEmptyTree(tree: Tree): boolean {
  return tree.parent.length <= 1;
}

/** The self of each node with all that it called. */
export function treeTotals(parent: Uint32Array, self: ExactColumn): ExactColumn {
  if (self.high === undefined) {
    const low = smallTotals(parent, self.low);
    // The root has the largest total: below this, none was rounded.
    if (low[0]! < WORD) return { low, high: undefined };
  }
  return largeTotals(parent, self);
}

function smallTotals(parent: Uint32Array, self: Float64Array): Float64Array {
  const totals = self.slice();
  for (let node = parent.length - 1; node > 0; node--) totals[parent[node]!]! += totals[node]!;
  return totals;
}

function largeTotals(parent: Uint32Array, self: ExactColumn): ExactColumn {
  const totals = new ExactSums(parent.length);
  const { low, high } = self;
  for (let node = parent.length - 1; node > 0; node--) {
    totals.add(node, low[node]!, high?.[node]);
    totals.add(parent[node]!, totals.low[node]!, totals.high?.[node]);
  }
  totals.add(0, low[0]!, high?.[0]);
  return totals;
}

/** The number of names in a column. */
export function nameCount(names: StringColumn): number {
  return names.offsets.length - 1;
}
