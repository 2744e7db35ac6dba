import { heap } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { StacktraceTable } from "./stacktrace-table.ts";

/** A tree as (parent, location), parents first: of few locations, so that each is in many stack traces. */
const anyTree = fc
  .array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })), { maxLength: 40 })
  .map((nodes) => ({
    parent: Uint32Array.of(0, ...nodes.map(([parent], index) => parent % (index + 1))),
    location: Uint32Array.of(0, ...nodes.map(([, location]) => location)),
  }));

describe("StacktraceTable", () => {
  it("numbers distinct stack traces as they come, however often their locations are in others", () => {
    fc.assert(
      fc.property(fc.array(anyTree, { maxLength: 4 }), (trees) => {
        const table = new StacktraceTable(heap);
        const model = new Map([["", 0]]);
        for (const tree of trees) {
          const { parent, location } = tree;
          const keys = [""];
          for (let i = 1; i < parent.length; i++) keys.push(`${keys[parent[i]!]};${location[i]}`);
          for (const key of keys) if (!model.has(key)) model.set(key, model.size);
          const locations = Uint32Array.of(0, 1, 2, 3, 4);
          const numbers = new Uint32Array(parent.length);
          const wanted = new Uint8Array(parent.length).fill(1);
          table.internAll(tree, wanted, { locations, locationCount: 5 }, numbers);
          expect([...numbers]).toEqual(keys.map((key) => model.get(key)));
        }
        expect(table.count).toBe(model.size);
      }),
    );
  });
});
