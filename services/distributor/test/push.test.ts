/** From a client's request to what segment writers get, and what the client is told. */
import { create } from "@bufbuild/protobuf";
import { describe, expect, it, jest } from "@jest/globals";
import {
  CanceledError,
  Code,
  DeadlineExceededError,
  InternalError,
  InvalidArgumentError,
  ResourceExhaustedError,
  UnavailableError,
  type DomainError,
} from "@hearth/errors";
import { PushResponseSchema } from "@hearth/proto/hearth/segmentwriter/v1";
import { PushRequestSchema } from "@hearth/proto/push/v1";
import { RemoteError } from "@hearth/rpc";
import { buildPprof } from "@hearth/testing";

import type { PushedItem } from "../src/push/pushed-item.ts";
import { push } from "../src/rpc/push.ts";
import {
  cpuSketch,
  FakeWriter,
  pushedCpu,
  pushedNameless,
  signal,
  testBench,
  type TestBench,
} from "./support/fakes.ts";

/** Pushes as a client does, one series for each profile. */
function pushAll(bench: TestBench, items: readonly PushedItem[]): Promise<void> {
  const series = items.map(({ labels, body, id }) => ({
    labels: [...labels],
    samples: [{ rawProfile: body, ID: id }],
  }));
  return push(create(PushRequestSchema, { series }), "acme", bench.distributor, signal);
}

async function failureOf(work: Promise<unknown>): Promise<DomainError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as DomainError;
}

describe("a push", () => {
  it("becomes rows of its service at a writer", async () => {
    const bench = testBench();
    await pushAll(bench, [pushedCpu("api")]);
    expect(bench.writer.requests).toMatchObject([
      { tenant: "acme", shard: 1, batches: [{ serviceName: "api" }] },
    ]);
    const [columns] = bench.writer.columns;
    expect(columns?.rows.count).toBe(1);
    expect(columns?.series[0]?.labels).toContainEqual({ name: "service_name", value: "api" });
  });

  it("is one request for each shard, whatever the number of series", async () => {
    const bench = testBench({ shards: { api: 1, web: 1, db: 2 } });
    const services = Array.from({ length: 60 }, (_, index) => ["api", "web", "db"][index % 3]!);
    await pushAll(
      bench,
      services.map((service) => pushedCpu(service)),
    );
    const summary = bench.writer.requests.map(({ shard, batches = [] }) => ({
      shard,
      batches: batches.length,
    }));
    expect(summary).toEqual([
      { shard: 1, batches: 40 },
      { shard: 2, batches: 20 },
    ]);
  });

  it("is the same rows when it is repeated, so that stores can tell", async () => {
    const bench = testBench();
    await pushAll(bench, [pushedCpu("api")]);
    await pushAll(bench, [pushedCpu("api")]);
    const [first, second] = bench.writer.columns;
    expect(second?.rows.profileId).toEqual(first?.rows.profileId);
  });

  it("has nothing to store when its values are zero, and succeeds", async () => {
    const bench = testBench();
    await pushAll(bench, [pushedCpu("api", { samples: [{ stack: ["a"], values: [0] }] })]);
    expect(bench.writer.requests).toEqual([]);
  });

  it.each([
    { name: "no series", series: [] },
    { name: "a series without samples", series: [{ labels: [], samples: [] }] },
  ])("with $name is refused", async ({ series }) => {
    const request = create(PushRequestSchema, { series });
    await expect(push(request, "acme", testBench().distributor, signal)).rejects.toMatchObject({
      code: Code.InvalidArgument,
      message: "no profiles received",
    });
  });
});

describe("a profile that breaks a rule", () => {
  it("alone in its request, is refused in the words of the rule", async () => {
    const error = await failureOf(pushAll(testBench(), [pushedNameless("api")]));
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      message: `invalid labels '{service_name="api"}' with error: invalid metric name`,
    });
  });

  it("leaves its neighbours stored, and the message says how many failed", async () => {
    const bench = testBench();
    const bad = { ...pushedNameless("bad"), id: "x-1" };
    const error = await failureOf(pushAll(bench, [pushedCpu("good"), bad, pushedCpu("better")]));
    expect(bench.writer.services).toEqual(["good", "better"]);
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.message).toMatch(
      /^1 of 3 profiles failed, the others are stored; first profile 1 \(id x-1\): invalid labels/,
    );
  });

  it.each([
    { name: "not a pprof", body: Buffer.from("this is no profile"), reason: "malformed_profile" },
    {
      name: "damaged gzip",
      body: Buffer.from(`1f8b0800${"00".repeat(20)}`, "hex"),
      reason: "malformed_profile",
    },
    {
      name: "from long ago",
      body: buildPprof({ ...cpuSketch, timeNanos: 1_000_000_000_000_000_000n }),
      reason: "not_in_ingestion_window",
    },
  ])("is the client's mistake and counted by its reason: $name", async ({ body, reason }) => {
    const bench = testBench();
    const error = await failureOf(pushAll(bench, [{ ...pushedCpu("api"), body }]));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(await bench.metric(`discarded_samples_total{reason="${reason}",tenant="acme"}`)).toBe(1);
    expect(bench.writer.requests).toEqual([]);
  });
});

describe("trouble of a writer", () => {
  it.each([
    { name: "not reachable", error: new UnavailableError("no") },
    { name: "too slow for its own time limit", error: new DeadlineExceededError("deadline exceeded") },
    { name: "overloaded", error: new ResourceExhaustedError("full") },
    { name: "defective", error: new InternalError("oops") },
    { name: "of a kind that is not known", error: new RemoteError(Code.Unknown, "?") },
    { name: "not even ours", error: new TypeError("x is not a function") },
  ])("is got around by the next one, for the same shard: $name", async ({ error }) => {
    const [first, second] = [new FakeWriter(), new FakeWriter()];
    first.fail(error);
    await pushAll(testBench({ writers: [first, second], shards: { api: 7 } }), [pushedCpu("api")]);
    expect(second.requests).toMatchObject([{ shard: 7 }]);
    expect(second.requests).toEqual(first.requests);
  });

  it("everywhere is never the client's fault: it may try again, and is told when", async () => {
    const writers = Array.from({ length: 9 }, () => new FakeWriter());
    for (const writer of writers) writer.fail(new InternalError("disk /var/lib is full"));
    const error = await failureOf(pushAll(testBench({ writers }), [pushedCpu("api")]));
    expect(error).toMatchObject({ code: Code.Unavailable, retryAfterMs: 1000 });
    expect(error.message).not.toContain("/var/lib");
    expect(writers.filter(({ requests }) => requests.length > 0)).toHaveLength(6);
  });

  it("in one batch fails the profile it is of, and no other", async () => {
    const bench = testBench();
    bench.writer.refuseBatches([{ batch: 1, code: Code.Unavailable, message: "the segment was not stored" }]);
    const error = await failureOf(pushAll(bench, [pushedCpu("a"), pushedCpu("b"), pushedCpu("c")]));
    expect(error).toMatchObject({ code: Code.Unavailable, retryAfterMs: 1000 });
    expect(error.message).toMatch(/^1 of 3 profiles failed, the others are stored; first profile 1: /);
  });

  it("decides over a mistake of the client: repeating stores what was missing and repeats nothing", async () => {
    const bench = testBench();
    bench.writer.refuseBatches([{ batch: 0, code: Code.Internal, message: "secret" }]);
    const error = await failureOf(pushAll(bench, [pushedNameless("bad"), pushedCpu("good")]));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.message).toContain("2 of 2 profiles failed");
    expect(error.message).not.toContain("secret");
  });

  it("in one shard leaves the other shards alone", async () => {
    const bench = testBench({ shards: { api: 1, db: 2 } });
    bench.writer.answer = ({ shard }) => {
      if (shard === 2) throw new UnavailableError("no");
      return create(PushResponseSchema);
    };
    const error = await failureOf(pushAll(bench, [pushedCpu("api"), pushedCpu("db")]));
    expect(error.message).toContain("1 of 2 profiles failed");
  });

  it("that is none, but a mistake in the request, is not tried elsewhere", async () => {
    const writers = [new FakeWriter(), new FakeWriter()];
    writers[0]!.fail(new InvalidArgumentError("invalid shard"));
    const error = await failureOf(pushAll(testBench({ writers }), [pushedCpu("api")]));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(writers[1]!.requests).toEqual([]);
  });

  it("that takes all the time there is, is unavailable, too", async () => {
    const writers = [new FakeWriter(), new FakeWriter()];
    const timeout = new AbortController();
    writers[0]!.answer = () => {
      timeout.abort(new DeadlineExceededError("deadline exceeded"));
      throw timeout.signal.reason;
    };
    const { distributor } = testBench({ writers });
    const [error] = await distributor.push("acme", [pushedCpu("api")], timeout.signal);
    expect(error).toMatchObject({
      code: Code.Unavailable,
      message: "storing the profiles took too long, try again",
    });
    expect(writers[1]!.requests).toEqual([]);
  });

  it("that takes long is given half the time, and the next one the rest", async () => {
    jest.useFakeTimers();
    try {
      const writers = [new FakeWriter(), new FakeWriter()];
      writers[0]!.answer = (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      const pushed = pushAll(testBench({ writers, settings: { pushTimeoutMs: 10_000 } }), [pushedCpu("api")]);
      await jest.advanceTimersByTimeAsync(4_999);
      expect(writers[1]!.requests).toEqual([]);
      await jest.advanceTimersByTimeAsync(1);
      await pushed;
      expect(writers[1]!.services).toEqual(["api"]);
    } finally {
      jest.useRealTimers();
    }
  });

  it("that answers nonsense is trouble, and no profile counts as stored", async () => {
    const bench = testBench();
    bench.writer.refuseBatches([{ batch: 7, code: Code.InvalidArgument, message: "?" }]);
    const error = await failureOf(pushAll(bench, [pushedCpu("api")]));
    expect(error.code).toBe(Code.Unavailable);
  });

  it("is not looked for when the client has left", async () => {
    const writers = [new FakeWriter(), new FakeWriter()];
    const client = new AbortController();
    writers[0]!.answer = () => {
      client.abort(new CanceledError("the client went away"));
      throw new UnavailableError("no");
    };
    const bench = testBench({ writers });
    await bench.distributor.push("acme", [pushedCpu("api")], client.signal);
    expect(writers[1]!.requests).toEqual([]);
  });
});

describe("asynchronous ingest", () => {
  it("answers before the writer does, and closing waits for it", async () => {
    const bench = testBench({ limits: { asyncIngest: true } });
    const stored = Promise.withResolvers<void>();
    bench.writer.answer = () => stored.promise.then(() => create(PushResponseSchema));
    await pushAll(bench, [pushedCpu("api")]);
    let isClosed = false;
    const closing = bench.deliverer[Symbol.asyncDispose]().then(() => (isClosed = true));
    await Promise.resolve();
    expect(isClosed).toBe(false);
    stored.resolve();
    await closing;
    expect(bench.writer.services).toEqual(["api"]);
    expect(bench.events).toEqual([]);
  });

  it("says in the log what was lost", async () => {
    const bench = testBench({ limits: { asyncIngest: true } });
    bench.writer.fail(new UnavailableError("no"));
    await pushAll(bench, [pushedCpu("api")]);
    await bench.deliverer[Symbol.asyncDispose]();
    expect(bench.events).toMatchObject([
      { level: "error", message: "profiles were lost after they were acknowledged" },
    ]);
  });

  it("still tells the client of its own mistakes", async () => {
    const bench = testBench({ limits: { asyncIngest: true } });
    await expect(pushAll(bench, [pushedNameless("api")])).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
  });
});

describe("metrics of pushes", () => {
  it("count what is sent to each writer, also when it is sent again", async () => {
    const writers = [new FakeWriter(), new FakeWriter()];
    writers[0]!.fail(new UnavailableError("no"));
    const bench = testBench({ writers, shards: { api: 3 } });
    await pushAll(bench, [pushedCpu("api")]);
    const series = (addr: string): string =>
      `segment_writer_client_sent_bytes_count{shard="3",tenant="acme",addr="${addr}"}`;
    expect(await bench.metric(series("w-0:9095"))).toBe(1);
    expect(await bench.metric(series("w-1:9095"))).toBe(1);
  });

  it("count profiles by the library that took them, with bounded names", async () => {
    const bench = testBench();
    const items = Array.from({ length: 101 }, (_, index): PushedItem => {
      const item = pushedCpu("api");
      return { ...item, labels: [...item.labels, { name: "otel.scope.name", value: `scope-${index}` }] };
    });
    await pushAll(bench, items);
    const series = (name: string): string =>
      `distributor_profiles_received_total{tenant="acme",scope_name="${name}",scope_version=""}`;
    expect(await bench.metric(series("scope-0"))).toBe(1);
    expect(await bench.metric(series("scope-100"))).toBeUndefined();
    expect(await bench.metric(series("other"))).toBe(1);
  });

  it("count what relabelling rules drop, which is no failure", async () => {
    const drop = {
      source_labels: ["service_name"],
      regex: "api",
      separator: ";",
      modulus: 0,
      target_label: "",
      replacement: "$1",
    };
    const bench = testBench({ limits: { relabelRules: [{ ...drop, action: "drop" }] } });
    await pushAll(bench, [pushedCpu("api"), pushedCpu("web")]);
    expect(bench.writer.services).toEqual(["web"]);
    const series = 'discarded_samples_total{reason="dropped_by_relabel_rules",tenant="acme"}';
    expect(await bench.metric(series)).toBe(1);
  });
});
