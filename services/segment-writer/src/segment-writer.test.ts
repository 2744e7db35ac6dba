import { describe, expect, it } from "@jest/globals";
import { CanceledError, Code, InternalError, ResourceExhaustedError, UnavailableError } from "@hearth/errors";

import { BAD_COLUMNS, batch } from "../test/support/fakes.ts";
import { settled } from "@hearth/testing";
import { makeHarness, readBucket } from "../test/support/writer-harness.ts";

const { signal } = new AbortController();

/** One push of one batch. */
function push(text: string, { tenant = "acme", shard = 1 } = {}) {
  return { tenant, shard, batches: [batch("api", text)] };
}

/** What the promise is rejected with; undefined when it is not. */
function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("SegmentWriter", () => {
  it("answers a push on a quiet system after the linger, stored and registered", async () => {
    const { writer, clock, bucket, index } = makeHarness();
    let answeredAtMs = 0;
    const answer = writer.push(push("p1"), signal).then((failures) => {
      answeredAtMs = clock.monotonicMs();
      return failures;
    });
    await clock.advance(9);
    expect(index.calls).toEqual([]);
    await clock.advance(1);
    expect(await answer).toEqual([]);
    expect(answeredAtMs).toBe(10);
    const { segments } = await readBucket(bucket);
    expect(segments).toMatchObject([{ shard: 1, batches: ["acme/api/p1"] }]);
    expect([...index.registered]).toEqual(segments.map(({ id }) => id));
  });

  it("makes two segments a second of a busy shard, however many pushes come", async () => {
    const { writer, clock, bucket, index } = makeHarness();
    const answers: Promise<unknown>[] = [];
    for (let ms = 0; ms < 3000; ms += 5) {
      answers.push(writer.push(push(`p${ms}`), signal));
      await clock.advance(5);
    }
    await clock.advance(500);
    await Promise.all(answers);
    const { segments } = await readBucket(bucket);
    expect(segments.length).toBe(7);
    expect(segments.flatMap(({ batches }) => batches)).toHaveLength(600);
    expect(index.calls).toHaveLength(7);
  });

  it("makes one object of 200 pushes of a tick", async () => {
    const { writer, clock, bucket } = makeHarness();
    const answers = Array.from({ length: 200 }, (_, i) =>
      writer.push(push(`p${i}`, { tenant: `t${i % 7}` }), signal),
    );
    await clock.advance(10);
    await Promise.all(answers);
    expect((await readBucket(bucket)).segments).toHaveLength(1);
  });

  it("registers the segments of many shards with few proposals", async () => {
    const { writer, clock, bucket, index } = makeHarness({ indexFault: () => ({ delayMs: 5 }) });
    const answers = [1, 2, 3, 4].map((shard) => writer.push(push("p", { shard }), signal));
    await clock.advance(20);
    await Promise.all(answers);
    expect((await readBucket(bucket)).segments.map(({ shard }) => shard)).toEqual([1, 2, 3, 4]);
    expect(index.calls.map(({ blocks }) => blocks.length)).toEqual([1, 3]);
  });

  it("flushes a full segment at once", async () => {
    const { writer, clock, builder } = makeHarness({ settings: { maxSegmentBytes: 2000 } });
    const answers = Array.from({ length: 9 }, (_, i) => writer.push(push("x".repeat(500) + i), signal));
    await clock.advance(0);
    expect(builder.inputs.map(({ datasets }) => datasets[0]?.batches.length)).toEqual([3, 3, 3]);
    await Promise.all(answers);
  });

  it("lets the next segment grow while one is built", async () => {
    const { writer, clock, builder } = makeHarness({ buildPlan: () => 1200 });
    const answers: Promise<unknown>[] = [];
    for (let ms = 0; ms < 2000; ms += 100) {
      answers.push(writer.push(push(`p${ms}`), signal));
      await clock.advance(100);
    }
    await clock.advance(5000);
    await Promise.all(answers);
    expect(builder.inputs.map(({ datasets }) => datasets[0]?.batches.length)).toEqual([1, 12, 7]);
  });

  it("builds no more segments at once than it may", async () => {
    const { writer, clock, builder } = makeHarness({
      settings: { flushConcurrency: 2 },
      buildPlan: () => 100,
    });
    const answers = [1, 2, 3, 4, 5].map((shard) => writer.push(push("p", { shard }), signal));
    await clock.advance(10);
    expect(builder.inputs).toHaveLength(2);
    await clock.advance(100);
    expect(builder.inputs).toHaveLength(4);
    await clock.advance(200);
    await Promise.all(answers);
  });

  it("fails the batches of a dataset that cannot be read, and stores all others", async () => {
    const { writer, clock, bucket } = makeHarness();
    const good = writer.push(push("p1", { tenant: "other" }), signal);
    const mixed = writer.push(
      { tenant: "acme", shard: 1, batches: [batch("web", "p2"), batch("api", BAD_COLUMNS)] },
      signal,
    );
    await clock.advance(10);
    expect(await good).toEqual([]);
    expect(await mixed).toEqual([{ batch: 1, code: Code.InvalidArgument, message: "columns are cut short" }]);
    const { segments } = await readBucket(bucket);
    expect(segments.flatMap(({ batches }) => batches)).toEqual(["other/api/p1", "acme/web/p2"]);
  });

  it("stores nothing when nothing can be read", async () => {
    const { writer, clock, bucket, index } = makeHarness();
    const bad = writer.push(push(BAD_COLUMNS), signal);
    await clock.advance(10);
    expect(await bad).toMatchObject([{ batch: 0 }]);
    expect(await readBucket(bucket)).toMatchObject({ segments: [] });
    expect(index.calls).toEqual([]);
  });

  it("tells all pushes of a segment that could not be stored to try again", async () => {
    const error = new UnavailableError("down");
    const { writer, clock, index } = makeHarness({ storeFault: () => ({ error }) });
    const answers = ["p1", "p2"].map((text) => writer.push(push(text), signal));
    const rejections = Promise.allSettled(answers);
    await clock.advance(3000);
    for (const result of await rejections) {
      expect(result).toMatchObject({ status: "rejected", reason: { code: Code.Unavailable } });
    }
    expect(index.calls).toEqual([]);
    expect(writer.inFlightBytes).toBe(0);
  });

  it.each([
    { name: "an unexpected failure is not told", plan: new Error("secret path"), want: InternalError },
    { name: "a build that hangs is ended, and may be tried again", plan: Infinity, want: UnavailableError },
  ])("$name", async ({ plan, want }) => {
    const { writer, clock } = makeHarness({ buildPlan: () => plan });
    const answer = writer.push(push("p1"), signal);
    const failure = failureOf(answer);
    await clock.advance(40_000);
    expect(await failure).toBeInstanceOf(want);
  });

  it("keeps the metadata in the dead-letter queue when the metastore is away, and acknowledges", async () => {
    const { writer, clock, bucket, index } = makeHarness({
      indexFault: () => ({ error: new UnavailableError("no leader") }),
    });
    const answer = writer.push(push("p1"), signal);
    await clock.advance(2010);
    expect(await answer).toEqual([]);
    const { segments, deadLetters } = await readBucket(bucket);
    expect([...deadLetters]).toEqual(segments.map(({ id }) => id));
    expect(index.registered.size).toBe(0);
  });

  it("fails the pushes when the dead-letter queue is off, or fails too", async () => {
    const indexFault = () => ({ error: new UnavailableError("no leader") });
    const off = makeHarness({ indexFault, settings: { metadataDlqEnabled: false } });
    const failing = makeHarness({
      indexFault,
      storeFault: ({ key }) => (key.startsWith("dlq/") ? { error: new UnavailableError("down") } : {}),
    });
    for (const { writer, clock } of [off, failing]) {
      const failure = failureOf(writer.push(push("p1"), signal));
      await clock.advance(5000);
      expect(await failure).toBeInstanceOf(UnavailableError);
    }
  });

  it("does not acknowledge, nor keep for later, what the metastore refuses", async () => {
    const { writer, clock, bucket } = makeHarness({ indexFault: () => ({ refusal: "unknown format" }) });
    const failure = failureOf(writer.push(push("p1"), signal));
    await clock.advance(10);
    expect(await failure).toMatchObject({ code: Code.FailedPrecondition });
    expect((await readBucket(bucket)).deadLetters.size).toBe(0);
  });

  it("refuses pushes beyond the memory limit, and takes them again once there is room", async () => {
    const { writer, clock } = makeHarness({ settings: { maxInFlightBytes: 3000 } });
    const text = "x".repeat(1000);
    const answers = [1, 2].map(() => writer.push(push(text), signal));
    const refused = writer.push(push(text), signal);
    await expect(refused).rejects.toThrow(ResourceExhaustedError);
    await expect(refused).rejects.toThrow(/in_flight_bytes=2512 push_bytes=1256 limit_bytes=3000/u);
    await expect(refused).rejects.toMatchObject({ retryAfterMs: 500 });
    await clock.advance(10);
    await Promise.all(answers);
    expect(writer.inFlightBytes).toBe(0);
    const again = writer.push(push(text), signal);
    await clock.advance(500);
    expect(await again).toEqual([]);
  });

  it("lets a caller go that gives up, and stores its push all the same", async () => {
    const { writer, clock, bucket } = makeHarness();
    const caller = new AbortController();
    const reason = new CanceledError("the caller went away");
    const failure = failureOf(writer.push(push("p1"), caller.signal));
    caller.abort(reason);
    expect(await failure).toBe(reason);
    await expect(writer.push(push("p2"), caller.signal)).rejects.toBe(reason);
    await clock.advance(10);
    const { segments } = await readBucket(bucket);
    expect(segments.flatMap(({ batches }) => batches)).toEqual(["acme/api/p1"]);
  });

  it("stores and answers all that it took when it is closed, and takes no more", async () => {
    const { writer, clock, bucket } = makeHarness({ storeFault: () => ({ delayMs: 100 }) });
    const answers = [1, 2].map((shard) => writer.push(push("p", { shard }), signal));
    const closed = writer[Symbol.asyncDispose]();
    await expect(writer.push(push("late"), signal)).rejects.toThrow(UnavailableError);
    await clock.advance(99);
    expect((await readBucket(bucket)).segments).toEqual([]);
    await clock.advance(1);
    await closed;
    expect(await Promise.all(answers)).toEqual([[], []]);
    await writer[Symbol.asyncDispose]();
    await settled();
    expect(clock.sleeperCount).toBe(0);
  });

  it("exports what dashboards ask for", async () => {
    const { writer, clock, registry } = makeHarness();
    const answer = writer.push(push("p1"), signal);
    await clock.advance(10);
    await answer;
    const { body } = await registry.expose();
    for (const line of [
      'segment_writer_segment_ingest_bytes_count{shard="1",tenant="acme"} 1',
      'segment_writer_segment_size_bytes_count{shard="1"} 1',
      'segment_writer_upload_duration_seconds_count{status="success"} 1',
      'segment_writer_store_metadata_duration_seconds_count{status="success"} 1',
      'segment_ingester_wait_duration_seconds_count{tenant="acme"} 1',
      'segment_flush_heads_duration_seconds_count{shard="1"} 1',
      'segment_flush_segment_duration_seconds_count{shard="1"} 1',
      "segment_writer_in_flight_bytes 0",
    ]) {
      expect(body).toContain(`pyroscope_${line}`);
    }
  });
});
