import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { RecentMap } from "./recent-map.ts";

type Step = { readonly key: number } & (
  | { readonly type: "get" }
  | { readonly type: "set"; readonly weight: number }
);

const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("get" as const), key: fc.nat(20) }),
    fc.record({ type: fc.constant("set" as const), key: fc.nat(20), weight: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 200 },
);

interface Store {
  get(key: number): number | undefined;
  set(key: number, value: number, weight: number): unknown;
}

/** Plays the steps; values are the numbers of the steps that set them. */
function play(map: Store, list: readonly Step[]): (number | undefined)[] {
  return list.map((step, index) => {
    if (step.type === "get") return map.get(step.key);
    map.set(step.key, index, step.weight);
    return undefined;
  });
}

describe("RecentMap", () => {
  it("answers what was last set under a key, or nothing", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 60 }), (list, budget) => {
        const got = play(new RecentMap(budget), list);
        const want = play(new Map<number, number>(), list);
        expect(got.every((value, index) => value === undefined || value === want[index])).toBe(true);
      }),
    );
  });

  it("holds no more than its budget", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 10, max: 60 }), (list, budget) => {
        const map = new RecentMap<number, number>(budget);
        const weights = new Map<number, number>();
        for (const step of list) if (step.type === "set") weights.set(step.key, step.weight);
        play(map, list);
        let held = 0;
        for (const [key, weight] of weights) if (map.get(key) !== undefined) held += weight;
        expect(held).toBeLessThanOrEqual(budget);
      }),
    );
  });

  it("forgets nothing while all of it fits into half of the budget", () => {
    const map = new RecentMap<number, number>(20);
    for (let round = 0; round < 5; round++) for (let key = 0; key < 10; key++) map.set(key, key * 2, 1);
    expect(Array.from({ length: 10 }, (_, key) => map.get(key))).toEqual(
      Array.from({ length: 10 }, (_, key) => key * 2),
    );
  });

  it("keeps what is used and forgets what is not", () => {
    const map = new RecentMap<string, number>(10);
    map.set("used", 1, 1);
    map.set("unused", 2, 1);
    for (let i = 0; i < 20; i++) {
      map.set(`other ${i}`, i, 1);
      expect(map.get("used")).toBe(1);
    }
    expect(map.get("unused")).toBeUndefined();
  });
});
