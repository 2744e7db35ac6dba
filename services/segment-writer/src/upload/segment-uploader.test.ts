import { describe, expect, it } from "@jest/globals";
import { InvalidArgumentError, UnavailableError } from "@hearth/errors";
import type { Fault } from "@hearth/object-store";

import { makeHarness } from "../../test/support/writer-harness.ts";

const down: Fault = { error: new UnavailableError("down") };
const slow: Fault = { delayMs: Infinity };

/** Uploads once while put number `i` meets fault `i`, and the last fault from then on. */
async function upload(faults: readonly Fault[], settings = {}) {
  let putCount = 0;
  const harness = makeHarness({
    settings,
    storeFault: () => faults[Math.min(putCount++, faults.length - 1)] ?? {},
  });
  const { clock, bucket, uploader, registry } = harness;
  let outcome = "waits";
  let elapsedMs = 0;
  const settle = (text: string): void => {
    outcome = text;
    elapsedMs = clock.monotonicMs();
  };
  const done = uploader.upload("k", Uint8Array.of(1)).then(
    () => settle("stored"),
    (error: Error) => settle(error instanceof UnavailableError ? "unavailable" : error.message),
  );
  await clock.advance(60_000);
  await done;
  const isStored = await bucket.head("k", new AbortController().signal).then(
    () => true,
    () => false,
  );
  const { body } = await registry.expose();
  return { putCount, outcome, elapsedMs, isStored, sleeperCount: clock.sleeperCount, body };
}

describe("SegmentUploader", () => {
  it.each([
    { name: "stores", faults: [{}], want: { putCount: 1, outcome: "stored" } },
    {
      name: "tries again three times",
      faults: [down, down, down, {}],
      want: { putCount: 4, outcome: "stored" },
    },
    { name: "and not a fourth time", faults: [down], want: { putCount: 4, outcome: "unavailable" } },
    {
      name: "does not repeat what cannot succeed",
      faults: [{ error: new InvalidArgumentError("bad key") }],
      want: { putCount: 1, outcome: "unavailable" },
    },
    {
      name: "takes a lost reply for a failure, and stores again",
      faults: [{ replyIsLost: true }, {}],
      want: { putCount: 2, outcome: "stored" },
    },
    {
      name: "stores beside a put that hangs",
      faults: [slow, {}],
      want: { putCount: 2, outcome: "stored", elapsedMs: 500 },
    },
    {
      name: "gives up when its time is over",
      faults: [slow],
      want: { putCount: 2, outcome: "unavailable", elapsedMs: 2000 },
    },
    {
      name: "does not hedge when the rate does not allow it",
      faults: [slow],
      settings: { uploadHedgeRateBurst: 0 },
      want: { putCount: 1, outcome: "unavailable", elapsedMs: 2000 },
    },
  ])("$name", async ({ faults, settings, want }) => {
    const result = await upload(faults, settings);
    expect(result).toMatchObject({ ...want, sleeperCount: 0 });
    expect(result.isStored).toBe(want.outcome === "stored");
  });

  it("waits at most 50, 100 and 200 ms between tries", async () => {
    const { elapsedMs } = await upload([down]);
    expect(elapsedMs).toBeGreaterThan(0);
    expect(elapsedMs).toBeLessThan(350);
  });

  it("counts and times what happened", async () => {
    const { body } = await upload([slow, {}]);
    expect(body).toContain('pyroscope_segment_writer_upload_duration_seconds_count{status="success"} 1');
    expect(body).toContain(
      'pyroscope_segment_writer_hedged_upload_duration_seconds_count{status="success"} 1',
    );
  });
});
