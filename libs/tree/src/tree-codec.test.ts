import { describe, expect, it } from "@jest/globals";
import { DataLossError } from "@hearth/errors";
import fc from "fast-check";

import { anySamples, folded, selfByPath, treeOf } from "../test/slow-tree.ts";
import { decodeTree, emptyTree, encodeTree, truncateTree } from "./index.ts";

describe("encodeTree, decodeTree", () => {
  it("brings every node back, folded ones too", () => {
    fc.assert(
      fc.property(anySamples, fc.integer({ min: 0, max: 30 }), (samples, maxNodes) => {
        const tree = truncateTree(treeOf(samples), maxNodes);
        const decoded = decodeTree(encodeTree(tree));
        expect(selfByPath(decoded)).toEqual(selfByPath(tree));
        expect(decoded.parent).toEqual(tree.parent);
      }),
    );
  });

  it.each([
    0n,
    1n,
    127n,
    128n,
    2n ** 28n - 1n,
    2n ** 28n,
    2n ** 52n - 1n,
    2n ** 52n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
  ])("keeps the last digit of %p", (value) => {
    const tree = treeOf([
      { stack: ["a"], value },
      { stack: ["a", "b"], value: 1n },
    ]);
    expect(selfByPath(decodeTree(encodeTree(tree))).get('["a"]')).toBe(value);
  });

  it("writes only names that are used", () => {
    const whole = folded("a;long-name-of-a-small-function 1", "b 9");
    expect(encodeTree(truncateTree(whole, 1)).length).toBeLessThan(20);
  });

  it("reads no bytes as the empty tree", () => {
    expect(decodeTree(new Uint8Array())).toEqual(emptyTree());
  });

  it("answers damaged bytes with a tree or with DataLoss", () => {
    const bytes = encodeTree(folded("main;handle;query 5", "main;handle 300", "gc 70000"));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.with(at, byte);
        expect(outcome(() => decodeTree(damaged))).toMatch(/^(tree|DataLossError)$/);
      }),
    );
  });

  it.each([
    { name: "an unknown version", bytes: [2, 0, 0] },
    { name: "a name longer than the bytes", bytes: [1, 1, 9, 0x61, 0] },
    { name: "more nodes than bytes", bytes: [1, 0, 200, 1, 0, 0] },
    { name: "a node that is its own parent", bytes: [1, 0, 1, 0, 1, 1] },
    { name: "a parent before the root", bytes: [1, 0, 1, 2, 1, 1] },
    { name: "a name that is not there", bytes: [1, 0, 1, 1, 2, 1] },
    { name: "a number of 64 bits", bytes: [1, 0, 1, 1, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1] },
    { name: "bytes after the end", bytes: [1, 0, 1, 1, 1, 1, 0] },
  ])("refuses $name", ({ bytes }) => {
    expect(() => decodeTree(Uint8Array.from(bytes))).toThrow(DataLossError);
  });
});

function outcome(decode: () => unknown): string {
  try {
    decode();
    return "tree";
  } catch (error) {
    return error instanceof Error ? error.name : "not an error";
  }
}
