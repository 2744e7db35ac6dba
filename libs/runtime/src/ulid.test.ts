import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isUlid, ulidFrom, ulidTimeMs } from "./ulid.ts";

describe("ulidFrom", () => {
  it.each([
    { timeMs: 0, bits: new Uint8Array(10), ulid: "00000000000000000000000000" },
    { timeMs: 2 ** 48 - 1, bits: new Uint8Array(10).fill(255), ulid: "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" },
    { timeMs: 1, bits: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0, 33), ulid: "00000000011000000000000011" },
  ])("writes time, then bits, in base 32: $ulid", ({ timeMs, bits, ulid }) => {
    expect(ulidFrom(timeMs, bits)).toBe(ulid);
  });

  it("gives every choice of time and bits a ULID of its own", () => {
    const anyBits = fc.uint8Array({ minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 - 1 }), anyBits, anyBits, (timeMs, bits, others) => {
        const ulid = ulidFrom(timeMs, bits);
        expect(isUlid(ulid)).toBe(true);
        expect(ulidTimeMs(ulid)).toBe(timeMs);
        expect(ulidFrom(timeMs, others) === ulid).toBe(bits.every((byte, i) => byte === others[i]));
      }),
    );
  });
});
