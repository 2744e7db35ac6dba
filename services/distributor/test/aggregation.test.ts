/** Profiles of series that come often are merged before they are stored, and acknowledged after. */
import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { CanceledError, Code, UnavailableError } from "@hearth/errors";
import { exactToBigInt } from "@hearth/exact-integers";
import { PushResponseSchema } from "@hearth/proto/hearth/segmentwriter/v1";
import type { PprofSketch } from "@hearth/testing";

import type { PushOutcomes } from "../src/push/push-outcome.ts";
import type { PushedItem } from "../src/push/pushed-item.ts";
import {
  NOW_NANOS,
  pushedCpu,
  pushedNameless,
  signal,
  testBench,
  type Setup,
  type TestBench,
} from "./support/fakes.ts";

const PERIOD_MS = 15_000;
/** Times of one window. */
const WINDOW_NANOS = NOW_NANOS - (NOW_NANOS % (BigInt(PERIOD_MS) * 1_000_000n));

const benchOf = (setup: Setup = {}): TestBench =>
  testBench({
    ...setup,
    limits: { aggregationWindowMs: PERIOD_MS, aggregationPeriodMs: PERIOD_MS, ...setup.limits },
  });

/** The `n`th profile of a service, with a value of its own. */
const nth = (n: number, service = "api", sketch: Partial<PprofSketch> = {}): PushedItem =>
  pushedCpu(service, {
    timeNanos: WINDOW_NANOS + BigInt(n),
    durationNanos: 1_000_000_000n,
    samples: [{ stack: ["work", "main"], values: [10 ** n] }],
    ...sketch,
  });

/** Pushes one profile alone. `isDone` says whether its client has its answer. */
function push(
  bench: TestBench,
  item: PushedItem,
  client = signal,
): { done: Promise<PushOutcomes>; isDone(): boolean } {
  let isDone = false;
  const done = bench.distributor.push("acme", [item], client).finally(() => (isDone = true));
  done.catch(() => undefined);
  return { done, isDone: () => isDone };
}

/** Lets everything happen that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

const totals = (bench: TestBench): bigint[] =>
  bench.writer.columns.flatMap(({ rows }) =>
    Array.from({ length: rows.count }, (_, row) => exactToBigInt(rows.total, row)),
  );

describe("profiles of one series", () => {
  it("are stored alone when they are the first, then merged until the period is over", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const waiting = [nth(1), nth(2)].map((item) => push(bench, item));
    await turns();
    expect(totals(bench)).toEqual([1n]);
    expect(bench.clock.sleepersMs).toEqual([PERIOD_MS]);
    bench.clock.advance(PERIOD_MS);
    expect(await Promise.all(waiting.map(({ done }) => done))).toEqual([[undefined], [undefined]]);
    expect(totals(bench)).toEqual([1n, 110n]);
    const merged = bench.writer.columns[1]!;
    expect([...merged.rows.durationNanos]).toEqual([2e9]);
    expect(merged.rows.timeRestNanos[0]).toBe(1);
  });

  it("are not acknowledged before the merged profile is stored", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const stored = Promise.withResolvers<void>();
    bench.writer.answer = () => stored.promise.then(() => create(PushResponseSchema));
    const waiting = push(bench, nth(1));
    await turns();
    bench.clock.advance(PERIOD_MS);
    await turns();
    expect(bench.writer.requests).toHaveLength(2);
    expect(waiting.isDone()).toBe(false);
    stored.resolve();
    expect(await waiting.done).toEqual([undefined]);
  });

  it.each([
    { name: "come seldom", second: nth(1), waitMs: PERIOD_MS + 1 },
    { name: "are of another window", second: nth(1, "api", { timeNanos: WINDOW_NANOS - 1n }), waitMs: 0 },
    { name: "are of another service", second: nth(1, "db"), waitMs: 0 },
    {
      name: "have other labels",
      second: { ...nth(1), labels: [...nth(1).labels, { name: "pod", value: "b" }] },
      waitMs: 0,
    },
  ])("are not merged when they $name", async ({ second, waitMs }) => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    bench.clock.advance(waitMs);
    expect(await push(bench, second).done).toEqual([undefined]);
    expect(bench.writer.requests).toHaveLength(2);
  });

  it("are merged whatever their session", async () => {
    const bench = benchOf({ limits: { maxSessionsPerSeries: 1000 } });
    const withSession = (n: number): PushedItem => ({
      ...nth(n),
      labels: [...nth(n).labels, { name: "__session_id__", value: `0${n}00000000000000` }],
    });
    await push(bench, withSession(0)).done;
    const waiting = [1, 2].map((n) => push(bench, withSession(n)).done);
    await turns();
    bench.clock.advance(PERIOD_MS);
    await Promise.all(waiting);
    expect(totals(bench)).toEqual([1n, 110n]);
    expect(bench.writer.columns[1]!.series[0]!.labels.map(({ name }) => name)).not.toContain(
      "__session_id__",
    );
  });

  it("are all there, however they come", async () => {
    const anyArrival = fc.record({
      service: fc.constantFrom("api", "db"),
      value: fc.bigInt({ min: 1n, max: 2n ** 50n }),
      waitMs: fc.constantFrom(0, 0, 0, 5000, PERIOD_MS, PERIOD_MS + 1),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyArrival, { maxLength: 20 }), async (arrivals) => {
        const bench = benchOf({ limits: { rejectNewerThanMs: 0, rejectOlderThanMs: 0 } });
        const pushes = [];
        for (const [n, { service, value, waitMs }] of arrivals.entries()) {
          bench.clock.advance(waitMs);
          const samples = [{ stack: ["work"], values: [value] }];
          pushes.push(
            push(bench, nth(n % 10, service, { samples, timeNanos: WINDOW_NANOS + BigInt(n) })).done,
          );
          await turns();
        }
        bench.clock.advance(PERIOD_MS);
        expect((await Promise.all(pushes)).flat()).toEqual(arrivals.map(() => undefined));
        const pushed = arrivals.reduce((sum, { value }) => sum + value, 0n);
        expect(totals(bench).reduce((sum, total) => sum + total, 0n)).toBe(pushed);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a profile that is merged and comes again", () => {
  it("counts once, and both clients wait for the same", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const waiting = [nth(1), nth(1), nth(0)].map((item) => push(bench, item).done);
    await turns();
    bench.clock.advance(PERIOD_MS);
    await Promise.all(waiting);
    expect(await push(bench, nth(1)).done).toEqual([undefined]);
    expect(totals(bench)).toEqual([1n, 10n]);
  });

  it("is taken anew after the first attempt failed", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const failing = push(bench, nth(1)).done;
    await turns();
    bench.writer.fail(new UnavailableError("no"));
    bench.clock.advance(PERIOD_MS);
    expect(await failing).toMatchObject([{ code: Code.Unavailable }]);
    bench.writer.answer = () => create(PushResponseSchema);
    const again = push(bench, nth(1)).done;
    await turns();
    bench.clock.advance(PERIOD_MS);
    expect(await again).toEqual([undefined]);
  });

  it("is sent by itself again when it was by itself, so that stores can tell", async () => {
    const bench = benchOf();
    bench.writer.fail(new UnavailableError("no"));
    expect(await push(bench, nth(0)).done).toMatchObject([{ code: Code.Unavailable }]);
    bench.writer.answer = () => create(PushResponseSchema);
    expect(await push(bench, nth(0)).done).toEqual([undefined]);
    const [first, second] = bench.writer.columns;
    expect(second!.rows.profileId).toEqual(first!.rows.profileId);
  });
});

describe("merging", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it("tells clients of their mistakes at once", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const bad = { ...nth(1), labels: pushedNameless("api").labels };
    expect(await push(bench, bad).done).toMatchObject([{ code: Code.InvalidArgument }]);
  });

  it("tells all clients, the log and the counter when the merged profile is not stored", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const waiting = [nth(1), nth(2)].map((item) => push(bench, item).done);
    await turns();
    bench.writer.fail(new UnavailableError("no"));
    bench.clock.advance(PERIOD_MS);
    expect((await Promise.all(waiting)).flat()).toMatchObject([
      { code: Code.Unavailable },
      { code: Code.Unavailable },
    ]);
    expect(bench.events).toMatchObject([
      {
        level: "error",
        message: "merged profiles were not stored",
        fields: { profiles: 2, acknowledged: false },
      },
    ]);
    expect(await bench.metric('distributor_background_failures_total{tenant="acme"}')).toBe(2);
  });

  it("has all the time of a writer, however long the period", async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate", "performance"] });
    const bench = benchOf({ limits: { segmentWriterTimeoutMs: 5000 } });
    await push(bench, nth(0)).done;
    const waiting = push(bench, nth(1));
    await turns();
    jest.advanceTimersByTime(PERIOD_MS);
    bench.clock.advance(PERIOD_MS);
    expect(await waiting.done).toEqual([undefined]);
    expect(totals(bench)).toEqual([1n, 10n]);
  });

  it("goes on when a client goes away", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const client = new AbortController();
    const waiting = [push(bench, nth(1), client.signal).done, push(bench, nth(2)).done];
    await turns();
    client.abort(new CanceledError("the client went away"));
    await expect(waiting[0]).rejects.toThrow("the client went away");
    bench.clock.advance(PERIOD_MS);
    expect(await waiting[1]).toEqual([undefined]);
    expect(totals(bench)).toEqual([1n, 110n]);
  });

  it("ends at once when the process stops", async () => {
    const bench = benchOf();
    await push(bench, nth(0)).done;
    const waiting = push(bench, nth(1)).done;
    await turns();
    await bench.aggregator[Symbol.asyncDispose]();
    expect(await waiting).toEqual([undefined]);
    expect(totals(bench)).toEqual([1n, 10n]);
  });

  it("with asynchronous ingest is acknowledged at once, and what is lost is logged and counted", async () => {
    const bench = benchOf({ limits: { asyncIngest: true } });
    await push(bench, nth(0)).done;
    expect(await push(bench, nth(1)).done).toEqual([undefined]);
    expect(totals(bench)).toEqual([1n]);
    bench.writer.fail(new UnavailableError("no"));
    bench.clock.advance(PERIOD_MS);
    await bench.aggregator[Symbol.asyncDispose]();
    expect(bench.events).toMatchObject([
      { level: "error", message: "merged profiles were not stored", fields: { acknowledged: true } },
    ]);
    expect(await bench.metric('distributor_background_failures_total{tenant="acme"}')).toBe(1);
  });
});
