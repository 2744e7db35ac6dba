export type { BarRows } from "./bars.ts";
export { diffFlameGraph, type DiffFlameGraph } from "./diff-flame-graph.ts";
export { flameGraph, type FlameGraph } from "./flame-graph.ts";
export { isAtLeast, kthLargest, type ExactValue } from "./kth-largest.ts";
export { encodePyroscopeTree } from "./pyroscope-tree.ts";
export { NOT_IN_TREE, TreeBuilder, type TreeNodes } from "./tree-builder.ts";
export { decodeTree, encodeTree } from "./tree-codec.ts";
export { emptyTree, FOLDED, FOLDED_TEXT, treeTotals, type Tree } from "./tree.ts";
export { truncateTree } from "./truncate-tree.ts";
