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

import { encodeBars } from "./encode-bars.ts";
import type { MessageFormat } from "./message-format.ts";

/** Trees as backends report them, to be added up. */
export type EncodedTrees = readonly Uint8Array[];

/** @returns `querier.v1.FlameGraph`. @param maxNodes - 0 keeps all. */
export function drawFlameGraph(
  trees: EncodedTrees,
  maxNodes: number,
  format: MessageFormat,
): Uint8Array<ArrayBuffer> {
  const { total, maxSelf, ...bars } = flameGraph(truncateTree(sumOf(trees), maxNodes));
  return encodeBars(
    bars,
    [
      ["total", total],
      ["maxSelf", maxSelf],
    ],
    format,
  );
}

/** The bytes of the format TREE. */
export function encodeSum(trees: EncodedTrees, maxNodes: number): Uint8Array<ArrayBuffer> {
  return encodePyroscopeTree(truncateTree(sumOf(trees), maxNodes));
}

/** @returns `querier.v1.FlameGraphDiff`. @param maxNodes - of both trees together, 0 keeps all. */
export function drawDiff(
  left: EncodedTrees,
  right: EncodedTrees,
  maxNodes: number,
  format: MessageFormat,
): Uint8Array<ArrayBuffer> {
  const { total, maxSelf, leftTicks, rightTicks, ...bars } = diffFlameGraph(
    sumOf(left),
    sumOf(right),
    maxNodes,
  );
  const sums = [
    ["total", total],
    ["maxSelf", maxSelf],
    ["leftTicks", leftTicks],
    ["rightTicks", rightTicks],
  ] as const;
  return encodeBars(bars, sums, format);
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
