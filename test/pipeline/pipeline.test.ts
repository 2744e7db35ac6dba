import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { describe, expect, it } from "@jest/globals";

import { huntPlanted, type Hunted } from "./run-planted.ts";
import { runSeed } from "./run-seed.ts";

const run = promisify(execFile);

/** The short form; `npm run simulate:pipeline` has the long one. */
const SEEDS = 100;
const TIMEOUT_MS = 240_000;

describe("a simulated pipeline in trouble", () => {
  // In a process of its own: there the sources run as they are, faster than here.
  it(
    "breaks no rule, and sees what must be seen",
    async () => {
      const args = ["--no-warnings", join(import.meta.dirname, "run.ts"), "--seeds", String(SEEDS)];
      const { stdout } = await run(process.execPath, args);
      expect(stdout).toMatch(new RegExp(`^${SEEDS} seeds from 0: .* 0 failures$`, "mu"));
      expect(stdout).not.toMatch(/^seen too rarely/mu);
    },
    TIMEOUT_MS,
  );

  it("is the same run for the same seed, event for event", () => {
    const [first, second] = [1, 2].map(() => runSeed(7, { isTraced: true }));
    expect(second?.lines).toEqual(first?.lines);
    expect(first?.lines.length).toBeGreaterThan(500);
  });
});

describe("bugs that are planted in the pipeline", () => {
  it.each([
    "tombstone without its delay",
    "a restored job's sources wait",
    "queries do not pass over what came late",
  ])(
    "are seen: %s",
    async (name) => {
      const hunted: Hunted[] = [];
      for await (const one of huntPlanted(100, name)) hunted.push(one);
      expect(hunted.map(({ bug, caught }) => ({ bug, isSeen: caught !== undefined }))).toEqual([
        { bug: name, isSeen: true },
      ]);
    },
    TIMEOUT_MS,
  );
});
