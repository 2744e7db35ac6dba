import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import { stringAt } from "@hearth/symbols";
import fc from "fast-check";

import { FOLDED, TreeBuilder, type Tree } from "../src/index.ts";

/** Values by stack, the obvious way. A stack is its names root first, as JSON; `null` is a folded node. */
export type Stacks = ReadonlyMap<string, bigint>;

export type Stack = readonly (string | null)[];

export interface Sample {
  readonly stack: readonly string[];
  readonly value: bigint;
}

/** A tree made of a few samples, node by node. */
export function treeOf(samples: readonly Sample[]): Tree {
  const builder = new TreeBuilder();
  for (const { stack, value } of samples) {
    const node = stack.reduce((parent, name) => builder.child(parent, builder.name(name)), 0);
    const self = exactColumnFromBigInts([value]);
    builder.addSelf(node, self.low[0]!, self.high?.[0]);
  }
  return builder.build();
}

/** `"m;x 5"`: a stack and its value. */
export function folded(...lines: readonly string[]): Tree {
  return treeOf(
    lines.map((line) => {
      const [stack = "", value = "0"] = line.split(" ");
      return { stack: stack.split(";"), value: BigInt(value) };
    }),
  );
}

export function pathOf(tree: Tree, node: number): Stack {
  if (node === 0) return [];
  const name = tree.name[node]!;
  return [...pathOf(tree, tree.parent[node]!), name === FOLDED ? null : stringAt(tree.names, name)];
}

/** The self of each node but the root, by its path. */
export function selfByPath(tree: Tree): Stacks {
  const stacks = new Map<string, bigint>();
  for (let node = 1; node < tree.parent.length; node++) {
    const path = JSON.stringify(pathOf(tree, node));
    stacks.set(path, (stacks.get(path) ?? 0n) + exactToBigInt(tree.self, node));
  }
  return stacks;
}

/** What {@link selfByPath} of a tree with these samples must be. */
export function slowSelfs(samples: readonly Sample[]): Stacks {
  const selfs = new Map<string, bigint>();
  for (const { stack, value } of samples) {
    if (value === 0n) continue;
    for (let depth = 1; depth <= stack.length; depth++) {
      const path = JSON.stringify(stack.slice(0, depth));
      selfs.set(path, (selfs.get(path) ?? 0n) + (depth === stack.length ? value : 0n));
    }
  }
  return selfs;
}

export function slowTotals(selfs: Stacks): Stacks {
  const totals = new Map<string, bigint>();
  for (const [path, self] of selfs) {
    const stack = JSON.parse(path) as Stack;
    for (let depth = 0; depth <= stack.length; depth++) {
      const prefix = JSON.stringify(stack.slice(0, depth));
      totals.set(prefix, (totals.get(prefix) ?? 0n) + self);
    }
  }
  return totals;
}

/** The selfs that are left when only `maxNodes` nodes, and those as large as the last of them, stay. */
export function slowTruncated(samples: readonly Sample[], maxNodes: number): Stacks {
  const selfs = slowSelfs(samples);
  const totals = slowTotals(selfs);
  const ranked = [...selfs.keys()].map((path) => totals.get(path)!).sort((a, b) => (a < b ? 1 : -1));
  if (maxNodes < 1 || ranked.length <= maxNodes) return selfs;
  const least = ranked[maxNodes - 1]!;
  const cut = new Map<string, bigint>();
  for (const [path, self] of selfs) {
    const stack = JSON.parse(path) as Stack;
    const depth = stack.findIndex(
      (_, index) => totals.get(JSON.stringify(stack.slice(0, index + 1)))! < least,
    );
    const kept = JSON.stringify(depth === -1 ? stack : [...stack.slice(0, depth), null]);
    cut.set(kept, (cut.get(kept) ?? 0n) + self);
  }
  return cut;
}

const names = ["", "a", "b", "main", "other", "é", "ｗ", "𝔸"];

/** Samples over few names, so that stacks meet; some with the largest values. */
export const anySamples: fc.Arbitrary<readonly Sample[]> = fc.array(
  fc.record({
    stack: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }),
    value: fc.oneof(fc.bigInt(0n, 20n), fc.bigInt(2n ** 52n - 4n, 2n ** 52n + 4n), fc.bigInt(0n, 2n ** 56n)),
  }),
  { maxLength: 40 },
);
