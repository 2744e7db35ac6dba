import { FOLDED, FOLDED_TEXT, isEmptyTree, type Tree } from "./tree.ts";
import { sortedChildren } from "./sorted-children.ts";
import { VarintWriter } from "./varint.ts";

const FOLDED_BYTES = new TextEncoder().encode(FOLDED_TEXT);

/**
 * The tree as clients of Pyroscope read it: nodes depth-first from the virtual root, each as length and bytes of its
 * name, self and number of children, siblings from the last name to the first. Empty for a tree without stacks.
 */
export function encodePyroscopeTree(tree: Tree): Uint8Array<ArrayBuffer> {
  const out = new VarintWriter();
  if (isEmptyTree(tree)) return out.finish();
  const { first, children } = sortedChildren(tree, "by-text");
  const stack = new Uint32Array(tree.parent.length);
  for (let depth = 1; depth > 0;) {
    const node = stack[--depth]!;
    const name = nameBytes(tree, node);
    out.uint(name.length);
    out.bytes(name);
    out.exact(tree.self.low[node]!, tree.self.high?.[node] ?? 0);
    out.uint(first[node + 1]! - first[node]!);
    for (let i = first[node]!; i < first[node + 1]!; i++) stack[depth++] = children[i]!;
  }
  return out.finish();
}

function nameBytes({ names, name }: Tree, node: number): Uint8Array {
  const index = name[node]!;
  if (index === FOLDED) return FOLDED_BYTES;
  return names.bytes.subarray(names.offsets[index], names.offsets[index + 1]);
}
