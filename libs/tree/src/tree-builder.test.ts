import { describe, expect, it } from "@jest/globals";
import { exactToBigInt } from "@hearth/exact-integers";
import fc from "fast-check";

import { anySamples, folded, selfByPath, slowSelfs, slowTotals, pathOf, treeOf } from "../test/slow-tree.ts";
import { emptyTree, NOT_IN_TREE, TreeBuilder, treeTotals } from "./index.ts";

describe("TreeBuilder", () => {
  it("sums the samples of each stack", () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        expect(selfByPath(treeOf(samples))).toEqual(slowSelfs(samples));
      }),
    );
  });

  it("adds trees as if all samples had been added to one", () => {
    fc.assert(
      fc.property(fc.array(anySamples, { maxLength: 4 }), (parts) => {
        const builder = new TreeBuilder();
        for (const samples of parts) builder.addTree(treeOf(samples));
        expect(selfByPath(builder.build())).toEqual(slowSelfs(parts.flat()));
      }),
    );
  });

  it("does not keep what is added to the root", () => {
    const builder = new TreeBuilder();
    builder.addSelf(0, 7);
    expect(builder.build()).toEqual(emptyTree());
  });

  it("tells a function without a name from the root", () => {
    expect(selfByPath(treeOf([{ stack: [""], value: 3n }]))).toEqual(new Map([['[""]', 3n]]));
  });

  it("grows as nodes come", () => {
    const samples = Array.from({ length: 5000 }, (_, i) => ({
      stack: [`f${i}`, "g"],
      value: BigInt(i) + 1n,
    }));
    expect(selfByPath(treeOf(samples)).size).toBe(10_000);
  });
});

describe("TreeBuilder.mergeNodes", () => {
  it("gives each foreign node its node here, whether new or known", () => {
    const builder = new TreeBuilder();
    const known = builder.child(0, builder.name("a"));
    const { names, parent, name } = folded("b 1", "a;c 1");
    const own = builder.mergeNodes(names, parent, name);
    expect(Array.from(own)).toEqual([0, 2, known, 3]);
    expect(builder.nodeCount).toBe(4);
  });
});

describe("TreeBuilder.mergeUsedNodes", () => {
  it("merges the marked nodes and those above them, and nothing else", () => {
    const tree = folded("a;b 1", "a;c;d 1", "e 1");
    const used = Uint8Array.from(tree.parent, (_, node) => (pathOf(tree, node).at(-1) === "d" ? 1 : 0));
    const builder = new TreeBuilder();
    const own = builder.mergeUsedNodes(tree, used);
    const merged = Array.from(tree.parent, (_, node) => node).filter((node) => own[node] !== NOT_IN_TREE);
    expect(merged.map((node) => pathOf(tree, node).join(";"))).toEqual(["", "a", "a;c", "a;c;d"]);
    expect(builder.nodeCount).toBe(4);
  });
});

describe("treeTotals", () => {
  it("is the self of a node and of all below it", () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const tree = treeOf(samples);
        const totals = treeTotals(tree.parent, tree.self);
        const want = slowTotals(slowSelfs(samples));
        for (let node = 1; node < tree.parent.length; node++) {
          expect(exactToBigInt(totals, node)).toBe(want.get(JSON.stringify(pathOf(tree, node))));
        }
        expect(exactToBigInt(totals, 0)).toBe(want.get("[]") ?? 0n);
      }),
    );
  });
});
