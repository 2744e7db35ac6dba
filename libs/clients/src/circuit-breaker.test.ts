import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import {
  admits,
  type Breaker,
  closedBreaker,
  type Outcome,
  stepAdmit,
  stepOutcome,
} from "./circuit-breaker.ts";

/** One call after the other, all at `nowMs`; refused ones are left out. */
function after(outcomes: readonly Outcome[], nowMs: number, from: Breaker = closedBreaker): Breaker {
  return outcomes.reduce(
    (breaker, outcome) =>
      admits(breaker, nowMs) ? stepOutcome(stepAdmit(breaker), outcome, nowMs) : breaker,
    from,
  );
}

const unavailable = (count: number): Outcome[] => Array.from({ length: count }, () => "unavailable");
const answered = (count: number): Outcome[] => Array.from({ length: count }, () => "answered");

describe("the circuit breaker", () => {
  it.each([
    { name: "opens after 3 failures in a row", outcomes: unavailable(3), want: "open" },
    { name: "not after 2", outcomes: unavailable(2), want: "closed" },
    {
      name: "an answer between them starts the count again",
      outcomes: [...unavailable(2), ...answered(1), ...unavailable(2)],
      want: "closed",
    },
    {
      name: "a caller that gave up counts for nothing",
      outcomes: [...unavailable(2), "abandoned" as const, ...unavailable(1)],
      want: "open",
    },
  ])("$name", ({ outcomes, want }) => {
    expect(after(outcomes, 0).type).toBe(want);
  });

  it("refuses for a second, then takes 5 calls on trial", () => {
    const open = after(unavailable(3), 0);
    expect(admits(open, 999)).toBe(false);
    let breaker = open;
    for (let call = 0; call < 5; call++) {
      expect(admits(breaker, 1000)).toBe(true);
      breaker = stepAdmit(breaker);
    }
    expect(admits(breaker, 1000)).toBe(false);
  });

  it("closes after 5 answers on trial", () => {
    const open = after(unavailable(3), 0);
    expect(after(answered(4), 1000, open).type).toBe("half-open");
    expect(after(answered(5), 1000, open)).toEqual(closedBreaker);
  });

  it("opens again at the first failure on trial", () => {
    const open = after(unavailable(3), 0);
    expect(after([...answered(4), ...unavailable(1)], 1000, open)).toEqual({ type: "open", untilMs: 2000 });
  });

  it("an abandoned trial makes room for another", () => {
    const open = after(unavailable(3), 0);
    expect(after(["abandoned", ...answered(5)], 1000, open)).toEqual(closedBreaker);
  });

  it("never refuses for longer than a second while nothing is in flight", () => {
    const outcome = fc.constantFrom<Outcome>("answered", "unavailable", "abandoned");
    fc.assert(
      fc.property(fc.array(fc.record({ outcome, waitMs: fc.nat(1500) })), (calls) => {
        let nowMs = 0;
        let breaker: Breaker = closedBreaker;
        for (const call of calls) {
          nowMs += call.waitMs;
          breaker = after([call.outcome], nowMs, breaker);
        }
        expect(admits(breaker, nowMs + 1000)).toBe(true);
      }),
    );
  });
});
