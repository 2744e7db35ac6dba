/** Answers that are held back, on every path that takes profiles. */
import { createClient, type Interceptor } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { CanceledError, UnavailableError } from "@hearth/errors";
import { PusherService } from "@hearth/proto/push/v1";
import { errorInterceptor, inProcessTransport, tenantsKey } from "@hearth/rpc";
import { seededRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { fixedLimits } from "@hearth/tenant-limits";
import { fastify, type FastifyInstance, type LightMyRequestResponse } from "fastify";

import { DistributorService, distributorSettings } from "../src/index.ts";
import { testApp } from "./support/app.ts";
import {
  defaultTenantLimits,
  FakeWriter,
  fakeRouter,
  ManualClock,
  pushedCpu,
  signal,
  testBench,
  type TestBench,
} from "./support/fakes.ts";

const limits = { ingestionArtificialDelayMs: 10_000 };

/** By a tenth around the target, so that clients do not come in step. */
const isAboutTheTarget = (ms: number): boolean => ms >= 9000 && ms <= 11_000;

const ingest = (
  app: FastifyInstance,
  body = Buffer.from(pushedCpu("api").body),
): Promise<LightMyRequestResponse> =>
  app.inject({
    method: "POST",
    url: "/ingest?name=api&format=pprof",
    headers: { "x-scope-orgid": "acme", "content-type": "application/octet-stream" },
    payload: body,
  });

const exportNothing = (app: FastifyInstance): Promise<LightMyRequestResponse> =>
  app.inject({
    method: "POST",
    url: "/v1development/profiles",
    headers: { "x-scope-orgid": "acme", "content-type": "application/json" },
    payload: "{}",
  });

describe("the artificial delay", () => {
  it.each([
    { name: "/ingest", send: ingest },
    { name: "OTLP over HTTP", send: exportNothing },
  ])("holds answers of $name back, and says how long", async ({ send }) => {
    const bench = testBench({ limits });
    const sleeping = bench.clock.nextSleepMs();
    const answer = send(await testApp(bench));
    const heldMs = await sleeping;
    expect(isAboutTheTarget(heldMs)).toBe(true);
    bench.clock.advance(heldMs);
    const { statusCode, headers } = await answer;
    expect(statusCode).toBe(200);
    expect(headers["server-timing"]).toBe(`artificial_delay;dur=${heldMs}`);
  });

  it("leaves answers alone for tenants without one", async () => {
    const { statusCode, headers } = await ingest(await testApp(testBench()));
    expect(statusCode).toBe(200);
    expect(headers["server-timing"]).toBeUndefined();
  });

  it.each([
    { name: "of the client", spoil: () => undefined, body: Buffer.from("no profile"), want: 422 },
    {
      name: "of a writer",
      spoil: ({ writer }: TestBench) => writer.fail(new UnavailableError("no")),
      body: undefined,
      want: 503,
    },
  ])("leaves errors alone: $name", async ({ spoil, body, want }) => {
    const bench = testBench({ limits });
    spoil(bench);
    const { statusCode, headers } = await ingest(await testApp(bench), body);
    expect(statusCode).toBe(want);
    expect(headers["server-timing"]).toBeUndefined();
  });

  it("counts the time that storing took", async () => {
    const bench = testBench({ limits });
    const app = await testApp(bench);
    const { answer } = bench.writer;
    bench.writer.answer = (request, aborts) => {
      bench.clock.advance(8000);
      return answer(request, aborts);
    };
    const sleeping = bench.clock.nextSleepMs();
    const response = ingest(app);
    const heldMs = await sleeping;
    expect(isAboutTheTarget(heldMs + 8000)).toBe(true);
    bench.clock.advance(heldMs);
    expect((await response).statusCode).toBe(200);
  });

  it("ends when the client goes away, or the server stops", async () => {
    const bench = testBench({ limits });
    const client = new AbortController();
    const held = { tenant: "acme", beganMs: 0, setHeader: () => undefined };
    const first = bench.delay.hold({ ...held, signal: client.signal });
    client.abort(new CanceledError("the client went away"));
    await first;
    const second = bench.delay.hold({ ...held, signal });
    bench.stop();
    await second;
    expect(bench.clock.sleepersMs).toEqual([]);
  });
});

describe("the distributor with an artificial delay", () => {
  const start = (): { service: DistributorService; clock: ManualClock } => {
    const clock = new ManualClock();
    const service = new DistributorService(
      { ...defaultsOf(distributorSettings), workerThreads: 1, pushTimeoutMs: 60_000 },
      {
        router: fakeRouter([new FakeWriter()]),
        limits: fixedLimits({ ...defaultTenantLimits, ...limits }),
        clock,
        random: seededRandom(7),
        registry: new MetricRegistry(),
        resolveTenants: () => ["acme"],
      },
    );
    return { service, clock };
  };

  it("holds answers of Push back, and says how long", async () => {
    const { service, clock } = start();
    await using _ = service;
    const asTenant: Interceptor = (next) => (request) => {
      request.contextValues.set(tenantsKey, ["acme"]);
      return next(request);
    };
    const transport = inProcessTransport(service.services, [errorInterceptor(noopLogger), asTenant]);
    const { labels, body } = pushedCpu("api");
    const sleeping = clock.nextSleepMs();
    const header = Promise.withResolvers<Headers>();
    const answer = createClient(PusherService, transport).push(
      { series: [{ labels: [...labels], samples: [{ rawProfile: body }] }] },
      { onHeader: header.resolve },
    );
    const heldMs = await sleeping;
    expect(isAboutTheTarget(heldMs)).toBe(true);
    clock.advance(heldMs);
    await answer;
    expect((await header.promise).get("server-timing")).toBe(`artificial_delay;dur=${heldMs}`);
  });

  it("does not hold up a server that closes", async () => {
    const { service, clock } = start();
    await using _ = service;
    const app = fastify({ logger: false });
    await app.register(async (scope) => service.registerRoutes(scope));
    await app.ready();
    const sleeping = clock.nextSleepMs();
    const answer = ingest(app);
    await sleeping;
    await app.close();
    expect((await answer).statusCode).toBe(200);
  });
});
