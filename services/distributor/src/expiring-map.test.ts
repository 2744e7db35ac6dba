import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ExpiringMap } from "./expiring-map.ts";

const SPAN_MS = 10;

describe("a map of what is recent", () => {
  it("keeps entries for one span, drops them before two, and counts what it has", () => {
    const anyStep = fc.record({ key: fc.nat(5), waitMs: fc.integer({ min: 0, max: 15 }) });
    fc.assert(
      fc.property(fc.array(anyStep), (steps) => {
        const map = new ExpiringMap<number, number>();
        const setMs = new Map<number, number>();
        let nowMs = 0;
        for (const { key, waitMs } of steps) {
          nowMs += waitMs;
          map.turn(nowMs, SPAN_MS);
          const agesMs = Array.from(setMs, ([each, atMs]) => ({ each, ageMs: nowMs - atMs }));
          const [young, old] = [
            agesMs.filter(({ ageMs }) => ageMs <= SPAN_MS),
            agesMs.filter(({ ageMs }) => ageMs >= 2 * SPAN_MS),
          ];
          expect(young.map(({ each }) => map.get(each))).toEqual(young.map(({ each }) => setMs.get(each)));
          expect(old.map(({ each }) => map.get(each))).toEqual(old.map(() => undefined));
          expect(map.size).toBe([...setMs.keys()].filter((each) => map.get(each) !== undefined).length);
          map.set(key, nowMs);
          setMs.set(key, nowMs);
        }
      }),
    );
  });

  it("forgets the older ones early when there are too many", () => {
    const map = new ExpiringMap<number, number>(10);
    for (let key = 0; key < 1000; key++) {
      map.turn(0, SPAN_MS);
      map.set(key, key);
      expect(map.size).toBeLessThanOrEqual(10);
    }
    expect(map.get(999)).toBe(999);
  });

  it("drops what is deleted, young or old", () => {
    const map = new ExpiringMap<string, number>();
    map.turn(0, SPAN_MS);
    map.set("old", 1);
    map.turn(SPAN_MS, SPAN_MS);
    map.set("young", 2);
    map.delete("old");
    map.delete("young");
    expect(map.size).toBe(0);
  });
});
