import { heap } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { SampleOrder } from "./sample-order.ts";

const anyNumber = fc.oneof(fc.nat(3), fc.nat(300), fc.nat(70_000), fc.integer({ min: 0, max: 0xffffffff }));

describe("SampleOrder", () => {
  it("orders as a stable sort by comparing does, row after row", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyNumber, { maxLength: 100 }), { maxLength: 5 }), (rows) => {
        const order = new SampleOrder(heap);
        for (const numbers of rows) {
          const model = [...numbers.keys()].sort((a, b) => numbers[a]! - numbers[b]!);
          expect([...order.of(Uint32Array.from(numbers))]).toEqual(model);
        }
      }),
    );
  });
});
