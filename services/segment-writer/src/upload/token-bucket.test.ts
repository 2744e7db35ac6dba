import { describe, expect, it } from "@jest/globals";

import { ManualClock } from "@hearth/testing";
import { TokenBucket } from "./token-bucket.ts";

describe("TokenBucket", () => {
  it("gives the burst at once, then the rate, and never saves more than the burst", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ ratePerSecond: 2, burst: 3 }, clock);
    const takeAll = (): number => {
      let taken = 0;
      while (bucket.tryTake()) taken++;
      return taken;
    };
    expect(takeAll()).toBe(3);
    await clock.advance(499);
    expect(takeAll()).toBe(0);
    await clock.advance(1);
    expect(takeAll()).toBe(1);
    await clock.advance(3_600_000);
    expect(takeAll()).toBe(3);
  });

  it("gives nothing when the burst is nothing", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ ratePerSecond: 2, burst: 0 }, clock);
    await clock.advance(10_000);
    expect(bucket.tryTake()).toBe(false);
  });
});
