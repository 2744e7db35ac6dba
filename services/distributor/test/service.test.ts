/** The whole service: its RPC and its routes, with real worker threads. */
import { gzipSync } from "node:zlib";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { Code } from "@hearth/errors";
import { decodeProfileColumns, encodeProfileColumns } from "@hearth/profile";
import { PusherService } from "@hearth/proto/push/v1";
import { seededRandom } from "@hearth/runtime";
import { errorInterceptor, inProcessTransport, tenantsKey } from "@hearth/rpc";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { fixedLimits, limitsSettings } from "@hearth/tenant-limits";
import { buildProfileColumns, sketchRows } from "@hearth/testing";
import { Threads } from "@hearth/worker-pool";
import { fastify } from "fastify";

import { DistributorService, distributorSettings } from "../src/index.ts";
import { PoolPreparer } from "../src/worker/preparer.ts";
import { FakeWriter, fakeRouter, ManualClock, NOW_MS, pushedCpu, signal } from "./support/fakes.ts";

describe("the distributor", () => {
  let service: DistributorService;
  let writer: FakeWriter;

  beforeEach(() => {
    writer = new FakeWriter();
    service = new DistributorService(
      { ...defaultsOf(distributorSettings), workerThreads: 1, pushTimeoutMs: 60_000 },
      {
        router: fakeRouter([writer]),
        limits: fixedLimits(defaultsOf(limitsSettings)),
        clock: new ManualClock(),
        random: seededRandom(7),
        registry: new MetricRegistry(),
        resolveTenants: () => ["acme"],
      },
    );
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const clientFor = (tenants: readonly string[]) => {
    const asTenants: Interceptor = (next) => (request) => {
      request.contextValues.set(tenantsKey, tenants);
      return next(request);
    };
    return createClient(
      PusherService,
      inProcessTransport(service.services, [errorInterceptor(noopLogger), asTenants]),
    );
  };

  it("decodes in threads and delivers what they made, without touching the request", async () => {
    const { labels, body } = pushedCpu("api");
    // Two profiles in one piece of memory, as a decoded request has them.
    const request = Buffer.concat([body, gzipSync(body)]);
    const samples = [request.subarray(0, body.length), request.subarray(body.length)].map((rawProfile) => ({
      rawProfile,
    }));
    await clientFor(["acme"]).push({ series: [{ labels: [...labels], samples }] });
    expect(writer.columns.map(({ rows }) => rows.count)).toEqual([1, 1]);
    expect(request.subarray(0, body.length)).toEqual(Buffer.from(body));
  });

  it("takes a write for one tenant only", async () => {
    await expect(clientFor(["one", "two"]).push({ series: [] })).rejects.toMatchObject({
      code: Code.Unauthenticated,
      message: "multiple org IDs present",
    });
  });

  it("serves /ingest, whose bodies are Node's buffers", async () => {
    const app = fastify({ logger: false });
    await service.registerRoutes(app);
    const sent = {
      method: "POST",
      url: "/ingest?name=api&format=pprof",
      payload: Buffer.from(pushedCpu("api").body),
    } as const;
    const headers = { "content-type": "application/octet-stream" };
    const responses = await Promise.all([app.inject({ ...sent, headers }), app.inject({ ...sent, headers })]);
    expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(writer.services).toEqual(["api", "api"]);
  });
});

describe("merging in threads", () => {
  it("sums columns and leaves its parts as they were", async () => {
    await using threads = new Threads({ maxThreads: 1, idleTimeoutMs: 10_000 });
    await using preparer = new PoolPreparer({ maxQueued: 1 }, threads);
    const row = { labels: { pod: "a" }, timeMs: NOW_MS, samples: [["main", 5n]] } as const;
    const parts = [1, 2].map((id) => encodeProfileColumns(buildProfileColumns([{ ...row, id }])));
    const before = parts.map((part) => part.slice());
    const merged = decodeProfileColumns(await preparer.sumProfiles(parts, signal));
    expect(sketchRows(merged)).toMatchObject([{ labels: { pod: "a" }, samples: [["main", 10n]] }]);
    expect(parts).toEqual(before);
  });
});
