import { describe, expect, it } from "@jest/globals";

import { huntPlanted, type Hunted } from "./run-planted.ts";
import { runSeed } from "./run-seed.ts";
import { Seen } from "./seen.ts";

/** The short form; `npm run simulate` has the long one. */
const SEEDS = 200;
const EVENTS = 20_000;
const TIMEOUT_MS = 240_000;

describe("a simulated cluster in trouble", () => {
  it(
    "breaks no rule, and sees what must be seen",
    () => {
      const seen = new Seen();
      const broken: string[] = [];
      for (let seed = 0; seed < SEEDS; seed++) {
        const outcome = runSeed(seed, { events: EVENTS });
        if (outcome.violation) broken.push(`seed ${seed}: ${outcome.violation.message}`);
        seen.addAll(outcome.seen);
      }
      expect(broken).toEqual([]);
      // Rare things may be missing in a short run; that all come often enough is for the long form.
      expect(seen.missing(SEEDS / 5)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it("is the same run for the same seed, event for event", () => {
    const [first, second] = [1, 2].map(() => runSeed(7, { events: 5_000, isTraced: true }));
    expect(second?.lines).toEqual(first?.lines);
    expect(first?.lines.length).toBeGreaterThan(1_000);
  });
});

describe("bugs that are planted", () => {
  it.each(["vote for a shorter log", "reads without a round of heartbeats", "learner counted"])(
    "are seen: %s",
    async (name) => {
      const hunted: Hunted[] = [];
      for await (const one of huntPlanted(300, name)) hunted.push(one);
      expect(hunted.map(({ bug, caught }) => ({ name: bug.name, isSeen: caught !== undefined }))).toEqual([
        { name, isSeen: true },
      ]);
    },
    TIMEOUT_MS,
  );
});
