import { describe, expect, it } from "@jest/globals";
import { CanceledError, UnavailableError } from "@hearth/errors";

import { ManualClock } from "@hearth/testing";
import { hedged, type Runner } from "./hedge.ts";

const { signal } = new AbortController();
const down = new UnavailableError("down");
const downToo = new UnavailableError("down, too");

interface Plan {
  /** Milliseconds from its own start. */
  readonly afterMs: number;
  readonly error?: Error;
}

/** Runs a hedged call whose first and second operation go as planned. */
async function run(plans: Record<Runner, Plan>, mayHedge = true) {
  const clock = new ManualClock();
  const log: string[] = [];
  const operation = async (runner: Runner, signal: AbortSignal): Promise<Runner> => {
    log.push(`${clock.monotonicMs()} ${runner} starts`);
    signal.addEventListener("abort", () => log.push(`${clock.monotonicMs()} ${runner} is told to stop`));
    const { afterMs, error } = plans[runner];
    await clock.sleep(afterMs);
    if (error) throw error;
    return runner;
  };
  const result = hedged(operation, { afterMs: 500, mayHedge: () => mayHedge }, clock, signal).then(
    (runner) => log.push(`${clock.monotonicMs()} ${runner} wins`),
    (error: Error) => log.push(`${clock.monotonicMs()} ${error.message}`),
  );
  await clock.advance(10_000);
  await result;
  return log;
}

describe("hedged", () => {
  it.each([
    {
      name: "a quick call stays alone",
      plans: { first: { afterMs: 100 }, second: { afterMs: 0 } },
      want: ["0 first starts", "100 first is told to stop", "100 first wins"],
    },
    {
      name: "a slow call gets company, and loses",
      plans: { first: { afterMs: 2000 }, second: { afterMs: 100 } },
      want: [
        "0 first starts",
        "500 second starts",
        "600 first is told to stop",
        "600 second is told to stop",
        "600 second wins",
      ],
    },
    {
      name: "a slow call may still win",
      plans: { first: { afterMs: 700 }, second: { afterMs: 300 } },
      want: [
        "0 first starts",
        "500 second starts",
        "700 first is told to stop",
        "700 second is told to stop",
        "700 first wins",
      ],
    },
    {
      name: "a failure before the hedge is the answer",
      plans: { first: { afterMs: 100, error: down }, second: { afterMs: 0 } },
      want: ["0 first starts", "100 first is told to stop", "100 down"],
    },
    {
      name: "a failure while the second runs is not",
      plans: { first: { afterMs: 600, error: down }, second: { afterMs: 200 } },
      want: [
        "0 first starts",
        "500 second starts",
        "700 first is told to stop",
        "700 second is told to stop",
        "700 second wins",
      ],
    },
    {
      name: "when both fail, the first failure is told",
      plans: { first: { afterMs: 900, error: down }, second: { afterMs: 100, error: downToo } },
      want: [
        "0 first starts",
        "500 second starts",
        "900 first is told to stop",
        "900 second is told to stop",
        "900 down, too",
      ],
    },
  ])("$name", async ({ plans, want }) => {
    expect((await run(plans)).sort()).toEqual([...want].sort());
  });

  it("stays alone when it may not hedge", async () => {
    const log = await run({ first: { afterMs: 2000 }, second: { afterMs: 0 } }, false);
    expect(log).toEqual(["0 first starts", "2000 first is told to stop", "2000 first wins"]);
  });

  it("leaves no timer behind and tells both calls when the caller goes away", async () => {
    const clock = new ManualClock();
    const caller = new AbortController();
    const operation = (_: Runner, signal: AbortSignal): Promise<void> => clock.sleep(Infinity, signal);
    const reason = new CanceledError("the caller went away");
    const result = hedged(operation, { afterMs: 500, mayHedge: () => true }, clock, caller.signal).catch(
      (error: unknown) => error,
    );
    await clock.advance(600);
    expect(clock.sleeperCount).toBe(2);
    caller.abort(reason);
    expect(await result).toBe(reason);
    expect(clock.sleeperCount).toBe(0);
  });
});
