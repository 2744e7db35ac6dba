import { describe, expect, it } from "@jest/globals";
import { DeadlineExceededError, UnavailableError } from "@hearth/errors";
import { ManualClock } from "@hearth/testing";

import { withTimeLimit } from "./time-limit.ts";

const limit = { ms: 100, what: "the work" };

/** Ends when it is told to stop. */
function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

describe("withTimeLimit", () => {
  it("settles as the work does, and leaves no timer behind", async () => {
    const clock = new ManualClock();
    await expect(withTimeLimit(limit, clock, async () => "done")).resolves.toBe("done");
    await clock.advance(0);
    expect(clock.sleeperCount).toBe(0);
  });

  it("tells work that takes too long to stop, and does not wait for it", async () => {
    const clock = new ManualClock();
    let given: AbortSignal | undefined;
    const waiting = withTimeLimit(limit, clock, (signal) => {
      given = signal;
      return new Promise<never>(() => {});
    });
    const error = waiting.catch((reason: unknown) => reason);
    await clock.advance(100);
    expect(await error).toEqual(new DeadlineExceededError("the work took too long: limit_ms=100"));
    expect(given?.aborted).toBe(true);
  });

  it.each(["before", "meanwhile"])("stops the work when the parent aborts %s", async (when) => {
    const parent = new AbortController();
    const reason = new UnavailableError("closing");
    if (when === "before") parent.abort(reason);
    const work = (signal: AbortSignal): Promise<never> =>
      signal.aborted ? Promise.reject(signal.reason) : untilStopped(signal);
    const waiting = withTimeLimit(limit, new ManualClock(), work, parent.signal);
    parent.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });
});
