import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { mustBeLookedUp } from "../src/block-registry.ts";
import { START_MS, ulidAt } from "./support/blocks.ts";

const HOUR_MS = 3_600_000;

describe("mustBeLookedUp", () => {
  const id = ulidAt(START_MS, seededRandom(1));
  it.each([
    { name: "a young block", wallMs: START_MS + HOUR_MS, logMs: START_MS, want: false },
    { name: "an old block", wallMs: START_MS + HOUR_MS + 1, logMs: START_MS + HOUR_MS, want: true },
    {
      name: "the log is hours ahead of the clock",
      wallMs: START_MS,
      logMs: START_MS + 2 * HOUR_MS,
      want: true,
    },
    { name: "nothing was logged for hours", wallMs: START_MS + 2 * HOUR_MS, logMs: START_MS, want: true },
    { name: "a block of a clock that is ahead", wallMs: START_MS - 9 * HOUR_MS, logMs: 0, want: false },
  ])("$name", ({ wallMs, logMs, want }) => {
    expect(mustBeLookedUp(id, { wallMs, logMs })).toBe(want);
  });
});
