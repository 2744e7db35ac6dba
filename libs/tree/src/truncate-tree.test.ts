import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { anySamples, folded, selfByPath, slowTruncated, treeOf } from "../test/slow-tree.ts";
import { TreeBuilder, truncateTree } from "./index.ts";

const anyMaxNodes = fc.integer({ min: -1, max: 60 });

describe("truncateTree", () => {
  it("keeps the largest nodes and folds the others of each family into one", () => {
    fc.assert(
      fc.property(anySamples, anyMaxNodes, (samples, maxNodes) => {
        expect(selfByPath(truncateTree(treeOf(samples), maxNodes))).toEqual(slowTruncated(samples, maxNodes));
      }),
    );
  });

  it("changes nothing when done again", () => {
    fc.assert(
      fc.property(anySamples, anyMaxNodes, (samples, maxNodes) => {
        const once = truncateTree(treeOf(samples), maxNodes);
        expect(truncateTree(once, maxNodes)).toEqual(once);
      }),
    );
  });

  it("adds to what an earlier, finer cut has folded", () => {
    const fine = truncateTree(folded("a;b 9", "a;c 8", "a;d 1", "a;e 1"), 3);
    expect(selfByPath(truncateTree(fine, 2))).toEqual(
      new Map([
        ['["a"]', 0n],
        ['["a","b"]', 9n],
        ['["a",null]', 10n],
      ]),
    );
  });

  it("keeps what was folded apart from a function called other, also when trees are added", () => {
    const tree = truncateTree(folded("a;b 9", "a;other 8", "a;d 1"), 3);
    const builder = new TreeBuilder();
    builder.addTree(tree);
    builder.addTree(tree);
    expect(selfByPath(builder.build())).toEqual(
      new Map([
        ['["a"]', 0n],
        ['["a","b"]', 18n],
        ['["a","other"]', 16n],
        ['["a",null]', 2n],
      ]),
    );
  });

  it.each([
    { name: "below 1 nothing is cut", maxNodes: 0, nodes: 6 },
    { name: "at the number of nodes nothing is cut", maxNodes: 5, nodes: 6 },
    { name: "equal totals stay together", maxNodes: 3, nodes: 6 },
    { name: "one node less cuts all equals, in each family into one", maxNodes: 1, nodes: 4 },
  ])("$name", ({ maxNodes, nodes }) => {
    const tree = folded("a;b 2", "a;c 2", "a;d 2", "e 2");
    expect(truncateTree(tree, maxNodes).parent.length).toBe(nodes);
  });
});
