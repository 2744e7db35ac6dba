import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Code } from "@hearth/errors";
import { ManualClock } from "./support/fakes.ts";
import { ActiveSeries } from "../src/limits/active-series.ts";

const MINUTE_MS = 60_000;

describe("a limit on active series", () => {
  it("lets as many pass, refuses what is new beyond, and lets the known pass", () => {
    const active = new ActiveSeries({ clock: new ManualClock() });
    expect(active.admit("acme", 2, () => [1n, 2n, 1n])).toBeUndefined();
    const refusal = active.admit("acme", 2, () => [3n]);
    expect(refusal).toMatchObject({ code: Code.ResourceExhausted, retryAfterMs: MINUTE_MS });
    expect(refusal?.message).toContain("active=2 max_active_series_per_tenant=2 tenant=acme");
    expect(active.admit("acme", 2, () => [2n, 1n])).toBeUndefined();
    expect(active.admit("other", 2, () => [3n])).toBeUndefined();
  });

  it("of 0 is none, and looks at nothing", () => {
    const active = new ActiveSeries({ clock: new ManualClock() });
    const look = (): bigint[] => {
      throw new Error("looked");
    };
    expect(active.admit("acme", 0, look)).toBeUndefined();
  });

  it("that is lowered lets those pass that are active", () => {
    const active = new ActiveSeries({ clock: new ManualClock() });
    active.admit("acme", 3, () => [1n, 2n, 3n]);
    expect(active.admit("acme", 1, () => [3n])).toBeUndefined();
    expect(active.admit("acme", 1, () => [4n])).toBeDefined();
  });

  it("counts what came in the last ten minutes, and nothing older than twenty; all of a profile or none", () => {
    const anyProfile = fc.record({
      series: fc.array(fc.bigInt({ min: 0n, max: 6n }), { maxLength: 4 }),
      waitMs: fc.constantFrom(0, MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 20 * MINUTE_MS),
    });
    fc.assert(
      fc.property(fc.array(anyProfile), fc.integer({ min: 1, max: 5 }), (profiles, limit) => {
        const clock = new ManualClock();
        const active = new ActiveSeries({ clock });
        const seenMs = new Map<bigint, number>();
        for (const { series, waitMs } of profiles) {
          clock.advance(waitMs);
          const nowMs = clock.monotonicMs();
          const known = (isKnown: (ageMs: number) => boolean): bigint[] =>
            [...seenMs.keys()].filter((each) => isKnown(nowMs - seenMs.get(each)!));
          const least = known((ageMs) => ageMs <= 10 * MINUTE_MS);
          const most = known((ageMs) => ageMs < 20 * MINUTE_MS);
          const mustPass =
            series.every((each) => least.includes(each)) || new Set([...most, ...series]).size <= limit;
          const mustFail =
            series.some((each) => !most.includes(each)) && new Set([...least, ...series]).size > limit;
          const isRefused = active.admit("acme", limit, () => series) !== undefined;
          expect({ isRefused: mustPass && isRefused, isAdmitted: mustFail && !isRefused }).toEqual({
            isRefused: false,
            isAdmitted: false,
          });
          for (const each of isRefused ? [] : series) seenMs.set(each, nowMs);
        }
      }),
    );
  });
});
