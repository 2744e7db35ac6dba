import { describe, expect, it } from "@jest/globals";
import { ManualClock } from "@hearth/testing";

import { RateLimit } from "./rate-limit.ts";

const { signal } = new AbortController();

describe("RateLimit", () => {
  it("lets bytes pass at its rate, those who ask in turn", async () => {
    const clock = new ManualClock();
    const limit = new RateLimit(1000, clock);
    const passedMs: number[] = [];
    const all = [500, 1000, 1].map(async (bytes) => {
      await limit.take(bytes, signal);
      passedMs.push(clock.monotonicMs());
    });
    await clock.advance(2000);
    await Promise.all(all);
    expect(passedMs).toEqual([0, 500, 1500]);
  });

  it("limits nothing at a rate of 0", async () => {
    const limit = new RateLimit(0, new ManualClock());
    await limit.take(1e12, signal);
    await limit.take(1, signal);
  });

  it("lets a taker go whose signal aborts", async () => {
    const limit = new RateLimit(1, new ManualClock());
    await limit.take(10, signal);
    const abort = new AbortController();
    const waiting = limit.take(1, abort.signal);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
