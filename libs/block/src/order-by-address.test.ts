import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { orderByAddress } from "./order-by-address.ts";

const word = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffffffff }));

describe("orderByAddress", () => {
  it("orders as comparing 64-bit numbers does, equal ones as they were, the empty entry first", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word), { maxLength: 200 }), (addresses) => {
        const low = Uint32Array.of(0, ...addresses.map(([low]) => low));
        const high = Uint32Array.of(0, ...addresses.map(([, high]) => high));
        const value = (i: number): bigint => BigInt(high[i]!) * 2n ** 32n + BigInt(low[i]!);
        const model = addresses
          .map((_, i) => i + 1)
          .toSorted((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a - b));
        expect([...orderByAddress(low, high)]).toEqual([0, ...model]);
      }),
    );
  });
});
