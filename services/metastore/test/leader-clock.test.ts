import { describe, expect, it } from "@jest/globals";
import { LeaderClock, nextStamp } from "../src/leader-clock.ts";

const MINUTE = 60_000_000_000n;
const NOW = 1_767_225_600_000_000_000n;

describe("nextStamp", () => {
  it.each([
    { name: "is the wall clock", wall: NOW, last: NOW - MINUTE, since: MINUTE, want: NOW, isClamped: false },
    { name: "always rises", wall: NOW, last: NOW, since: 0n, want: NOW + 1n, isClamped: false },
    {
      name: "does not follow a clock that goes back",
      wall: NOW - 60n * MINUTE,
      last: NOW,
      since: MINUTE,
      want: NOW + 1n,
      isClamped: false,
    },
    {
      name: "follows a clock that is five minutes ahead of steady time",
      wall: NOW + 6n * MINUTE,
      last: NOW,
      since: MINUTE,
      want: NOW + 6n * MINUTE,
      isClamped: false,
    },
    {
      name: "goes on with steady time when the clock jumps further",
      wall: NOW + 6n * MINUTE + 1n,
      last: NOW,
      since: MINUTE,
      want: NOW + MINUTE,
      isClamped: true,
    },
    {
      name: "rises also when it is clamped at once",
      wall: NOW + 60n * MINUTE,
      last: NOW,
      since: 0n,
      want: NOW + 1n,
      isClamped: true,
    },
    {
      name: "believes the clock when it has given no stamp yet",
      wall: NOW + 600n * MINUTE,
      last: NOW,
      since: undefined,
      want: NOW + 600n * MINUTE,
      isClamped: false,
    },
  ])("$name", ({ wall, last, since, want, isClamped }) => {
    const input = { wallNanos: wall, lastStampNanos: last, sinceLastNanos: since };
    expect(nextStamp(input)).toEqual({ stampNanos: want, isClamped });
  });
});

describe("LeaderClock", () => {
  it("stamps after the state it is given and after its own stamps", () => {
    const clock = { nowMs: () => 0, nowNanos: () => 5n, monotonicMs: () => 0, sleep: async () => {} };
    let clamps = 0;
    const leader = new LeaderClock(clock, () => clamps++);
    expect([leader.stamp(0n), leader.stamp(0n), leader.stamp(90n), leader.stamp(7n)]).toEqual([
      5n,
      6n,
      91n,
      92n,
    ]);
    expect(clamps).toBe(0);
  });
});
