import { describe, expect, it } from "@jest/globals";

import { failed } from "../../test/support/jobs.ts";
import { noRest, stepRest } from "./rest.ts";

const trouble = { type: "returned", why: "storage" } as const;

describe("a worker that cannot reach the bucket", () => {
  it("rests longer each time", () => {
    const first = stepRest(noRest, trouble, 1000);
    expect(first.untilMs).toBe(6000);
    expect(stepRest(first, trouble, 6000).untilMs).toBe(16_000);
    const later = Array.from({ length: 20 }).reduce<typeof first>(
      (rest) => stepRest(rest, trouble, rest.untilMs),
      first,
    );
    expect(stepRest(later, trouble, later.untilMs).untilMs).toBe(later.untilMs + 60_000);
  });

  it("takes jobs that fail together for one trouble", () => {
    const first = stepRest(noRest, trouble, 1000);
    expect(stepRest(first, trouble, 1001)).toEqual(first);
  });

  it.each([
    { outcome: { type: "deleted" } as const, want: noRest },
    { outcome: failed("poison"), want: { untilMs: 6000, troubleCount: 1 } },
  ])("goes on after $outcome.type: $want.untilMs", ({ outcome, want }) => {
    expect(stepRest(stepRest(noRest, trouble, 1000), outcome, 7000)).toEqual(want);
  });
});
