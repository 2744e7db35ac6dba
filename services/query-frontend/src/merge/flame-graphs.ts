import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  FlameGraphDiffSchema,
  FlameGraphSchema,
  type FlameGraph,
  type FlameGraphDiff,
} from "@hearth/proto/querier/v1";
import {
  decodeTree,
  diffFlameGraph,
  emptyTree,
  encodePyroscopeTree,
  flameGraph,
  TreeBuilder,
  truncateTree,
  type Tree,
} from "@hearth/tree";

/** Trees as backends report them, to be added up. */
export type EncodedTrees = readonly Uint8Array[];

/** @param maxNodes - 0 keeps all. */
export function drawFlameGraph(trees: EncodedTrees, maxNodes: number): FlameGraph {
  const { names, levels, total, maxSelf } = flameGraph(truncateTree(sumOf(trees), maxNodes));
  return create(FlameGraphSchema, { names: [...names], levels: wireLevels(levels), total, maxSelf });
}

/** The bytes of the format TREE. */
export function encodeSum(trees: EncodedTrees, maxNodes: number): Uint8Array<ArrayBuffer> {
  return encodePyroscopeTree(truncateTree(sumOf(trees), maxNodes));
}

/** @param maxNodes - of both trees together, 0 keeps all. */
export function drawDiff(left: EncodedTrees, right: EncodedTrees, maxNodes: number): FlameGraphDiff {
  const { names, levels, ...ticks } = diffFlameGraph(sumOf(left), sumOf(right), maxNodes);
  return create(FlameGraphDiffSchema, { names: [...names], levels: wireLevels(levels), ...ticks });
}

function sumOf([first, ...others]: EncodedTrees): Tree {
  if (!first) return emptyTree();
  const tree = decodeTree(first);
  if (others.length === 0) return tree;
  const builder = new TreeBuilder(tree.parent.length);
  builder.addTree(tree);
  for (const other of others) builder.addTree(decodeTree(other));
  return builder.build();
}

function wireLevels(
  levels: readonly (readonly bigint[])[],
): NonNullable<MessageInitShape<typeof FlameGraphSchema>["levels"]> {
  return levels.map((values) => ({ values: [...values] }));
}
