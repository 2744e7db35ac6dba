import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Arrivals } from "./arrivals.ts";

describe("arrivals of a key", () => {
  it("are frequent when the one before was within the period, whatever else comes", () => {
    const anyArrival = fc.record({
      key: fc.constantFrom("a", "b", "c", "d"),
      waitMs: fc.integer({ min: 0, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(anyArrival), fc.integer({ min: 1, max: 10 }), (sequence, periodMs) => {
        const arrivals = new Arrivals();
        const last = new Map<string, number>();
        let nowMs = 0;
        for (const { key, waitMs } of sequence) {
          nowMs += waitMs;
          const want = last.has(key) && nowMs - last.get(key)! <= periodMs;
          last.set(key, nowMs);
          expect(arrivals.isFrequent(key, nowMs, periodMs)).toBe(want);
        }
      }),
    );
  });
});
