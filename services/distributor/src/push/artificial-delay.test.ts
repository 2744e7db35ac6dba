import { describe, expect, it } from "@jest/globals";
import { delayOf } from "./artificial-delay.ts";

describe("what is left of an artificial delay", () => {
  it.each([
    { name: "all of it", targetMs: 1000, elapsedMs: 0, draw: 0.5, want: 1000 },
    { name: "a tenth less at the least", targetMs: 1000, elapsedMs: 0, draw: 0, want: 900 },
    { name: "a tenth more at the most", targetMs: 1000, elapsedMs: 0, draw: 0.9999, want: 1100 },
    { name: "less what has passed", targetMs: 1000, elapsedMs: 300.4, draw: 0.5, want: 700 },
    { name: "nothing when more has passed", targetMs: 1000, elapsedMs: 1200, draw: 0.5, want: 0 },
    { name: "nothing of nothing", targetMs: 0, elapsedMs: 0, draw: 0.9, want: 0 },
  ])("is $name", ({ want, ...delay }) => {
    expect(delayOf(delay)).toBe(want);
  });
});
