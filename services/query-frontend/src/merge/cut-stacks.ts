import { type ExactColumn, ExactSums } from "@hearth/exact-integers";
import { PairInterner, type Symbols } from "@hearth/symbols";
import { isAtLeast, kthLargest, treeTotals } from "@hearth/tree";

import { withFoldedStacks } from "./folded-stacks.ts";
import { type ProfileSum, valuedStacktraces } from "./profile-sum.ts";

/** Samples to write, and what their stack traces are made of. */
export interface WrittenSamples {
  readonly symbols: Symbols;
  /** Of each sample, no two alike. */
  readonly stacktraces: Uint32Array;
  readonly values: ExactColumn;
}

/**
 * Cuts stack traces to the functions that a call tree of `maxNodes` nodes keeps; samples that become equal are added up.
 * A location stays when all of its inlined calls do. Where inner frames were cut off, one location `other` stands for them.
 *
 * @param maxNodes - 0 keeps all.
 */
export function cutStacks(sum: ProfileSum, maxNodes: number): WrittenSamples {
  const valued = valuedStacktraces(sum);
  if (maxNodes === 0) return { symbols: sum.symbols, stacktraces: valued, values: valuesAt(sum, valued) };
  const kept = keptStacktraces(sum, maxNodes);
  const pairs = new PairInterner();
  const sampleOf = valued.map((stack) => {
    const target = cutStack(sum.symbols, kept, stack);
    return pairs.intern(target, target === stack ? 0 : 1);
  });
  const values = new ExactSums(pairs.count);
  for (const [index, stack] of valued.entries()) {
    values.add(sampleOf[index]!, sum.values.low[stack]!, sum.values.high?.[stack]);
  }
  return { ...writtenStacks(sum.symbols, pairs), values };
}

/** @param pairs - each a stack trace, and 1 where inner frames were cut off. */
function writtenStacks(symbols: Symbols, pairs: PairInterner): Omit<WrittenSamples, "values"> {
  const cut: number[] = [];
  const stacktraces = pairs.first.slice(0, pairs.count);
  for (let i = 0; i < pairs.count; i++) {
    if (pairs.second[i] === 0) continue;
    stacktraces[i] = symbols.stacktraces.parent.length + cut.length;
    cut.push(pairs.first[i]!);
  }
  return { symbols: cut.length === 0 ? symbols : withFoldedStacks(symbols, cut), stacktraces };
}

function valuesAt({ values }: ProfileSum, stacktraces: Uint32Array): ExactColumn {
  const sums = new ExactSums(stacktraces.length);
  for (let i = 0; i < stacktraces.length; i++) {
    sums.add(i, values.low[stacktraces[i]!]!, values.high?.[stacktraces[i]!]);
  }
  return sums;
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
