import type { StringColumn } from "@hearth/symbols";

import { FOLDED, FOLDED_BYTES } from "./tree.ts";

/** The children of node `i` are `children[first[i], first[i + 1])`, by name. */
export interface SortedChildren {
  readonly first: Uint32Array;
  readonly children: Uint32Array;
}

/** Where a folded node stands among its siblings: after all of them, or where its text belongs. */
export type FoldedPosition = "last" | "by-text";

/** The families of a tree, siblings in the order of the bytes of their names. */
export function sortedChildren(
  nodes: { readonly names: StringColumn; readonly parent: Uint32Array; readonly name: Uint32Array },
  folded: FoldedPosition,
): SortedChildren {
  const { first, children } = families(nodes.parent);
  const compare = siblingOrder(nodes.names, nodes.name, folded);
  for (let node = 0; node < nodes.parent.length; node++) {
    const start = first[node]!;
    const end = first[node + 1]!;
    if (end - start > 1) children.subarray(start, end).sort(compare);
  }
  return { first, children };
}

function families(parent: Uint32Array): SortedChildren {
  const nodeCount = parent.length;
  const first = new Uint32Array(nodeCount + 1);
  for (let node = 1; node < nodeCount; node++) first[parent[node]! + 1]!++;
  for (let node = 0; node < nodeCount; node++) first[node + 1]! += first[node]!;
  const next = first.slice();
  const children = new Uint32Array(nodeCount - 1);
  for (let node = 1; node < nodeCount; node++) children[next[parent[node]!]!++] = node;
  return { first, children };
}

function siblingOrder(
  names: StringColumn,
  name: Uint32Array,
  folded: FoldedPosition,
): (a: number, b: number) => number {
  const nameBytes = (index: number): Uint8Array =>
    index === FOLDED ? FOLDED_BYTES : names.bytes.subarray(names.offsets[index], names.offsets[index + 1]);
  return (a, b) => {
    const nameA = name[a]!;
    const nameB = name[b]!;
    const oneIsFolded = (nameA === FOLDED) !== (nameB === FOLDED);
    if (oneIsFolded && folded === "last") return nameA === FOLDED ? 1 : -1;
    return compareBytes(nameBytes(nameA), nameBytes(nameB));
  };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
