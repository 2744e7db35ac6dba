import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ExactSums, exactColumnFromBigInts, exactToBigInt } from "./exact-column.ts";

const value = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });

describe("exact integers", () => {
  it("come back as they went in", () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const column = exactColumnFromBigInts(values);
        expect(values.map((_, index) => exactToBigInt(column, index))).toEqual(values);
      }),
    );
  });

  it("sum exactly, and wrap beyond 2^63 as 64-bit numbers do", () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const column = exactColumnFromBigInts(values);
        const sums = new ExactSums(1);
        for (const index of values.keys()) sums.add(0, column.low[index]!, column.high?.[index]);
        expect(exactToBigInt(sums, 0)).toBe(
          BigInt.asIntN(
            64,
            values.reduce((sum, v) => sum + v, 0n),
          ),
        );
      }),
    );
  });

  it("have no high column as long as all fit 2^52", () => {
    expect(exactColumnFromBigInts([0n, 2n ** 52n - 1n]).high).toBeUndefined();
    expect(exactColumnFromBigInts([2n ** 52n]).high).toEqual(Float64Array.of(1));
  });
});
