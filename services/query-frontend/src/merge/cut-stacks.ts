import { ExactSums } from "@hearth/exact-integers";
import { PairInterner, type Symbols } from "@hearth/symbols";
import { isAtLeast, kthLargest, treeTotals } from "@hearth/tree";

import { type ProfileSum, valuedStacktraces } from "./profile-sum.ts";

/** Samples to write. */
export interface WrittenSamples {
  /** For each sample, the stack trace whose locations it has. */
  readonly stacktrace: Uint32Array;
  /** Whether inner frames were cut off: the sample then has one location `other` above its stack trace. */
  readonly isCut: Uint8Array;
  readonly values: ExactSums;
}

/**
 * Cuts stack traces to the functions that a call tree of `maxNodes` nodes keeps; samples that become equal are added up.
 * A location stays when all of its inlined calls do.
 *
 * @param maxNodes - 0 keeps all.
 */
export function cutStacks(sum: ProfileSum, maxNodes: number): WrittenSamples {
  const { symbols, values } = sum;
  const kept = maxNodes > 0 ? keptStacktraces(sum, maxNodes) : undefined;
  const pairs = new PairInterner();
  const valued = valuedStacktraces(sum);
  const sampleOf = valued.map((stack) => {
    const target = kept === undefined ? stack : cutStack(symbols, kept, stack);
    return pairs.intern(target, target === stack ? 0 : 1);
  });
  const sums = new ExactSums(pairs.count);
  for (const [index, stack] of valued.entries()) {
    sums.add(sampleOf[index]!, values.low[stack]!, values.high?.[stack]);
  }
  return {
    stacktrace: pairs.first.slice(0, pairs.count),
    isCut: Uint8Array.from(pairs.second.subarray(0, pairs.count)),
    values: sums,
  };
}

/**
 * Where a stack trace is cut: one location above what is kept, so that it shows what was entered, as clients are used to.
 * Nothing stays of a stack whose outermost call is not kept.
 */
function cutStack({ stacktraces }: Symbols, kept: Uint8Array, stack: number): number {
  let nearest = stack;
  let below = stack;
  while (kept[nearest] === 0) {
    below = nearest;
    nearest = stacktraces.parent[nearest]!;
  }
  return nearest === 0 ? 0 : below;
}

/** 1 for each stack trace whose every function is among the largest; the root always is. */
function keptStacktraces(sum: ProfileSum, maxNodes: number): Uint8Array {
  const { nodes, nodeOf } = functionTree(sum.symbols);
  const self = new ExactSums(nodes.count);
  for (const [stack, node] of nodeOf.entries())
    self.add(node, sum.values.low[stack]!, sum.values.high?.[stack]);
  const totals = treeTotals(nodes.first.slice(0, nodes.count), self);
  const kept = new Uint8Array(nodeOf.length).fill(1);
  const ranked = Uint32Array.from({ length: nodes.count - 1 }, (_, index) => index + 1).filter(
    (node) => totals.low[node] !== 0 || (totals.high?.[node] ?? 0) !== 0,
  );
  if (ranked.length <= maxNodes) return kept;
  const least = kthLargest(totals, ranked, maxNodes);
  for (let stack = 1; stack < kept.length; stack++) {
    kept[stack] = nodeOf[stack] === 0 || isAtLeast(totals, nodeOf[stack]!, least) ? 1 : 0;
  }
  return kept;
}

/** The call tree of function names, as (parent, name) pairs, and the node of each stack trace. */
function functionTree({ stacktraces, locations, lines, functions }: Symbols): {
  nodes: PairInterner;
  nodeOf: Uint32Array;
} {
  const nodes = new PairInterner(stacktraces.parent.length);
  nodes.intern(0, 0xffff_ffff);
  const nodeOf = new Uint32Array(stacktraces.parent.length);
  for (let stack = 1; stack < nodeOf.length; stack++) {
    const location = stacktraces.location[stack]!;
    let node = nodeOf[stacktraces.parent[stack]!]!;
    // The last line is the outermost call.
    for (let line = locations.firstLine[location + 1]! - 1; line >= locations.firstLine[location]!; line--) {
      node = nodes.intern(node, functions.name[lines.functionIndex[line]!]!);
    }
    nodeOf[stack] = node;
  }
  return { nodes, nodeOf };
}
