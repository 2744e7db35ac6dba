/** OpenTelemetry profiles: what is stored, and what senders are told, over HTTP and as an RPC. */
import { gzipSync, zstdCompressSync } from "node:zlib";
import { create, fromBinary, toBinary, toJsonString, type MessageInitShape } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { createClient, createRouterTransport, type Client, type Interceptor } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import { Code, UnavailableError } from "@hearth/errors";
import {
  ExportProfilesServiceRequestSchema,
  ExportProfilesServiceResponseSchema,
  ProfilesService,
  type ExportProfilesServiceRequest,
} from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import type { ProfileSchema } from "@hearth/proto/opentelemetry/proto/profiles/v1development";
import { errorInterceptor, methodPath, mountServices, tenantsKey } from "@hearth/rpc";
import { noopLogger } from "@hearth/telemetry";
import type { LightMyRequestResponse } from "fastify";

import { exportService } from "../src/otlp/grpc-export.ts";
import { testApp } from "./support/app.ts";
import { NOW_MS, NOW_NANOS, testBench, type TestBench } from "./support/fakes.ts";

type ProfileSketch = MessageInitShape<typeof ProfileSchema>;

const STRINGS = ["", "cpu", "nanoseconds", "main", "work", "service.name"];

const cpuProfile: ProfileSketch = {
  sampleType: { typeStrindex: 1, unitStrindex: 2 },
  periodType: { typeStrindex: 1, unitStrindex: 2 },
  period: 10n,
  timeUnixNano: NOW_NANOS,
  samples: [{ stackIndex: 1, values: [7n] }],
};

/** An export of one service. */
function exportOf(profiles: readonly ProfileSketch[], service = "api"): ExportProfilesServiceRequest {
  const value = { value: { case: "stringValue", value: service } } as const;
  return create(ExportProfilesServiceRequestSchema, {
    resourceProfiles: [
      {
        resource: { attributes: [{ key: "service.name", value }] },
        scopeProfiles: [{ profiles: [...profiles] }],
      },
    ],
    dictionary: {
      mappingTable: [{}],
      locationTable: [{}, { lines: [{ functionIndex: 1 }] }, { lines: [{ functionIndex: 2 }] }],
      functionTable: [{}, { nameStrindex: 3 }, { nameStrindex: 4 }],
      linkTable: [{}],
      stringTable: STRINGS,
      attributeTable: [{}],
      stackTable: [{}, { locationIndices: [2, 1] }],
    },
  });
}

const tooOld: ProfileSketch = { ...cpuProfile, timeUnixNano: 1_000_000_000_000_000_000n };

async function post(
  bench: TestBench,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
  path = "/v1development/profiles",
): Promise<LightMyRequestResponse> {
  const app = await testApp(bench);
  return app.inject({
    method: "POST",
    url: path,
    headers: { "x-scope-orgid": "acme", "content-type": "application/x-protobuf", ...headers },
    payload: Buffer.from(body),
  });
}

const binary = (request: ExportProfilesServiceRequest): Uint8Array =>
  toBinary(ExportProfilesServiceRequestSchema, request);
const json = (request: ExportProfilesServiceRequest): string =>
  toJsonString(ExportProfilesServiceRequestSchema, request);
const isJson = { "content-type": "application/json" };

/** `google.rpc.Status`. */
function statusOf(bytes: Uint8Array): { code: number; message: string } {
  const reader = new BinaryReader(bytes);
  expect(reader.tag()).toEqual([1, 0]);
  const code = reader.int32();
  expect(reader.tag()).toEqual([2, 2]);
  return { code, message: reader.string() };
}

describe("OTLP over HTTP", () => {
  const sent = exportOf([cpuProfile]);

  it.each([
    { name: "protobuf", body: binary(sent), headers: {} },
    {
      name: "with parameters in its type",
      body: binary(sent),
      headers: { "content-type": "application/x-protobuf; v=1" },
    },
    { name: "by its other name", body: binary(sent), headers: { "content-type": "application/protobuf" } },
    { name: "gzip", body: gzipSync(binary(sent)), headers: { "content-encoding": "gzip" } },
    { name: "zstd", body: zstdCompressSync(binary(sent)), headers: { "content-encoding": "zstd" } },
    { name: "JSON", body: json(sent), headers: isJson },
    {
      name: "compressed JSON",
      body: gzipSync(json(sent)),
      headers: { ...isJson, "content-encoding": "gzip" },
    },
  ])("stores an export: $name", async ({ body, headers }) => {
    const bench = testBench();
    const response = await post(bench, body, headers);
    expect(response.statusCode).toBe(200);
    expect(bench.writer.services).toEqual(["api"]);
    const [columns] = bench.writer.columns;
    expect(columns?.rows).toMatchObject({ count: 1 });
    expect(columns?.series[0]?.labels).toContainEqual({
      name: "__profile_type__",
      value: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    });
  });

  it("answers in the encoding of the request", async () => {
    const asBinary = await post(testBench(), binary(sent));
    expect(asBinary.headers["content-type"]).toBe("application/x-protobuf");
    expect(asBinary.rawPayload).toHaveLength(0);
    const asJson = await post(testBench(), json(sent), isJson);
    expect(asJson.headers["content-type"]).toBe("application/json");
    expect(asJson.json()).toEqual({});
  });

  it("may come to the path of the RPC: the type of the body tells", async () => {
    const bench = testBench();
    const path = methodPath(ProfilesService.method.export);
    expect(await post(bench, binary(sent), {}, path)).toMatchObject({ statusCode: 200 });
    expect(await post(bench, json(sent), isJson, path)).toMatchObject({ statusCode: 200 });
    const grpc = { "content-type": "application/grpc" };
    expect(await post(bench, binary(sent), grpc, path)).toMatchObject({ statusCode: 404 });
    expect(bench.writer.requests).toHaveLength(2);
  });

  it("stores the good profiles of an export and counts the others in a partial success", async () => {
    const bench = testBench();
    const mixed = exportOf([tooOld, cpuProfile, { ...tooOld, period: 9n }]);
    const response = await post(bench, binary(mixed));
    expect(response.statusCode).toBe(200);
    const { partialSuccess } = fromBinary(ExportProfilesServiceResponseSchema, response.rawPayload);
    expect(partialSuccess?.rejectedProfiles).toBe(2n);
    expect(partialSuccess?.errorMessage).toMatch(
      /^2 of 3 profiles were refused; first profile 0: .* the others are stored$/,
    );
    expect(bench.writer.columns[0]?.rows.count).toBe(1);
    const series = 'discarded_samples_total{reason="not_in_ingestion_window",tenant="acme"}';
    expect(await bench.metric(series)).toBe(2);
    const asJson = await post(testBench(), json(mixed), isJson);
    expect(asJson.json()).toMatchObject({ partialSuccess: { rejectedProfiles: "2" } });
  });

  it.each([
    { name: "no protobuf", body: "nonsense", headers: {}, status: 400, code: Code.InvalidArgument },
    { name: "no JSON", body: "{", headers: isJson, status: 400, code: Code.InvalidArgument },
    {
      name: "only bad profiles",
      body: binary(exportOf([tooOld])),
      headers: {},
      status: 400,
      code: Code.InvalidArgument,
    },
    {
      name: "no dictionary",
      body: binary(
        create(ExportProfilesServiceRequestSchema, {
          resourceProfiles: exportOf([cpuProfile]).resourceProfiles,
        }),
      ),
      headers: {},
      status: 400,
      code: Code.InvalidArgument,
    },
    {
      name: "a compression that it is not",
      body: binary(sent),
      headers: { "content-encoding": "gzip" },
      status: 400,
      code: Code.InvalidArgument,
    },
    {
      name: "a compression that is not known",
      body: binary(sent),
      headers: { "content-encoding": "br" },
      status: 400,
      code: Code.InvalidArgument,
    },
  ])(
    "answers with a status in the encoding of the request: $name",
    async ({ body, headers, status, code }) => {
      const bench = testBench();
      const response = await post(bench, body, headers);
      expect(response.statusCode).toBe(status);
      const isJsonAnswer = response.headers["content-type"] === "application/json";
      const answered = isJsonAnswer ? response.json<{ code: number }>() : statusOf(response.rawPayload);
      expect(answered.code).toBe(code);
      expect(isJsonAnswer).toBe(headers === isJson);
      expect(bench.writer.requests).toEqual([]);
    },
  );

  it("is told to come again when writers are in trouble, so that senders keep their data", async () => {
    const bench = testBench();
    bench.writer.fail(new UnavailableError("no"));
    const response = await post(bench, binary(sent));
    expect(response.statusCode).toBe(503);
    expect(response.headers["retry-after"]).toBe("1");
    expect(statusOf(response.rawPayload).code).toBe(Code.Unavailable);
  });

  it("is told to come again over the rate, and refused over the size", async () => {
    const limits = { ingestionRateMb: 0.00001, ingestionBurstSizeMb: 0, maxProfileSizeBytes: 10 };
    const limited = await post(testBench({ limits }), binary(sent));
    expect(limited.statusCode).toBe(429);
    expect(limited.headers).toHaveProperty("retry-after");
    const small = { limits: { ingestionBodyLimitMb: 0.0001 } };
    expect(await post(testBench(small), binary(sent))).toMatchObject({ statusCode: 413 });
    const zeros = gzipSync(Buffer.alloc(100_000));
    const bomb = await post(testBench({ limits: { ingestionBodyLimitMb: 0.001 } }), zeros, {
      "content-encoding": "gzip",
    });
    expect(bomb.statusCode).toBe(400);
  });

  it("needs a tenant and a type it knows", async () => {
    const none = await post(testBench(), "", { "x-scope-orgid": "" });
    expect(none).toMatchObject({ statusCode: 401 });
    expect(none.json()).toEqual({ code: "unauthenticated", message: "no org id" });
    expect(await post(testBench(), "x", { "content-type": "text/plain" })).toMatchObject({ statusCode: 415 });
  });
});

describe("OTLP as an RPC", () => {
  function clientOf({ distributor, delay }: TestBench): Client<typeof ProfilesService> {
    const asAcme: Interceptor = (next) => (request) => {
      request.contextValues.set(tenantsKey, ["acme"]);
      return next(request);
    };
    const transport = createRouterTransport(
      (router) => mountServices(router, [exportService(distributor, delay)], 1e6),
      {
        router: { interceptors: [errorInterceptor(noopLogger), asAcme] },
      },
    );
    return createClient(ProfilesService, transport);
  }

  it("stores an export", async () => {
    const bench = testBench();
    const { partialSuccess } = await clientOf(bench).export(
      exportOf([cpuProfile, { ...cpuProfile, period: 20n }]),
    );
    expect(partialSuccess).toBeUndefined();
    expect(bench.writer.columns[0]?.rows.count).toBe(2);
  });

  it("holds its answer back by the artificial delay", async () => {
    const bench = testBench({ limits: { ingestionArtificialDelayMs: 10_000 } });
    const sleeping = bench.clock.nextSleepMs();
    const header = Promise.withResolvers<Headers>();
    const answer = clientOf(bench).export(exportOf([cpuProfile]), { onHeader: header.resolve });
    const heldMs = await sleeping;
    bench.clock.advance(heldMs);
    await answer;
    expect((await header.promise).get("server-timing")).toBe(`artificial_delay;dur=${heldMs}`);
  });

  it("tells of refused profiles", async () => {
    const { partialSuccess } = await clientOf(testBench()).export(exportOf([cpuProfile, tooOld]));
    expect(partialSuccess?.rejectedProfiles).toBe(1n);
    await expect(clientOf(testBench()).export(exportOf([tooOld]))).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
  });

  it("tells of writers in trouble", async () => {
    const bench = testBench();
    bench.writer.fail(new UnavailableError("no"));
    await expect(clientOf(bench).export(exportOf([cpuProfile]))).rejects.toMatchObject({
      code: Code.Unavailable,
    });
  });
});

describe("an export with more series than its tenant may have", () => {
  it("is stored but for the services that are too many, and says so", async () => {
    const bench = testBench({ limits: { maxActiveSeriesPerTenant: 1 } });
    const [api, db] = [exportOf([cpuProfile]), exportOf([cpuProfile], "db")];
    const both = { ...api, resourceProfiles: [...api.resourceProfiles, ...db.resourceProfiles] };
    const response = await post(bench, binary(both));
    expect(response.statusCode).toBe(429);
    expect(statusOf(response.rawPayload).message).toContain("too many active series");
    expect(bench.writer.services).toEqual(["api"]);
    expect(await bench.metric('discarded_samples_total{reason="series_limit",tenant="acme"}')).toBe(1);
  });
});

describe("usage groups of an export", () => {
  const usageGroups = { web: '{service_name="api"}' };
  const sent = exportOf([cpuProfile, { ...cpuProfile, timeUnixNano: NOW_NANOS - 1n }]);
  const quota = {
    period_type: "hour",
    period_limit_mb: 1,
    limit_reset_time: NOW_MS / 1000 + 90,
    limit_reached: false,
    sampling: { num_requests: 0, period: "1m" },
    usage_groups: { web: { period_limit_mb: 1024, limit_reached: true } },
  } as const;

  it("share its bytes", async () => {
    const bench = testBench({ limits: { usageGroups } });
    expect((await post(bench, binary(sent))).statusCode).toBe(200);
    const series =
      'usage_group_received_decompressed_total{type="process_cpu",tenant="acme",usage_group="web"}';
    expect(Math.abs((await bench.metric(series))! - binary(sent).length)).toBeLessThanOrEqual(1);
  });

  it("are other where the tenant has none", async () => {
    const bench = testBench();
    await post(bench, binary(sent));
    const series = 'usage_group_received_decompressed_total{type="otlp",tenant="acme",usage_group="other"}';
    expect(await bench.metric(series)).toBe(binary(sent).length);
  });

  it("are sampled", async () => {
    const limits = { usageGroups, samplingRules: { usage_groups: { web: { probability: 0 } } } };
    const bench = testBench({ limits });
    expect((await post(bench, binary(sent))).statusCode).toBe(200);
    expect(bench.writer.requests).toEqual([]);
    const series = 'discarded_samples_total{reason="dropped_by_sampling_rules",tenant="acme"}';
    expect(await bench.metric(series)).toBe(2);
  });

  it("leave the totals where the tenant wants them", async () => {
    const samplingRules = { usage_groups: { web: { probability: 0 } } };
    const bench = testBench({ limits: { usageGroups, samplingRules, keepStrippedProfiles: true } });
    await post(bench, binary(sent));
    const [columns] = bench.writer.columns;
    expect([...columns!.samples.stacktrace]).toEqual([0, 0]);
    expect([...columns!.rows.total.low]).toEqual([7, 7]);
    expect(columns!.series[0]!.labels).toContainEqual({ name: "__sampled__", value: "true" });
  });

  it("over their quota are refused", async () => {
    const bench = testBench({ limits: { usageGroups, ingestionLimit: quota } });
    const response = await post(bench, binary(sent));
    expect(response.statusCode).toBe(429);
    expect(statusOf(response.rawPayload).message).toContain("of usage group web reached");
    expect(bench.writer.requests).toEqual([]);
  });

  it("over their quota leave other services stored", async () => {
    const bench = testBench({ limits: { usageGroups, ingestionLimit: quota } });
    const other = exportOf([cpuProfile], "db");
    const both = { ...sent, resourceProfiles: [...sent.resourceProfiles, ...other.resourceProfiles] };
    const response = await post(bench, binary(both));
    expect(response.statusCode).toBe(200);
    const answer = fromBinary(ExportProfilesServiceResponseSchema, response.rawPayload);
    expect(answer.partialSuccess?.rejectedProfiles).toBe(2n);
    expect(bench.writer.services).toEqual(["db"]);
  });

  it("over their quota pass in the sample of requests", async () => {
    const ingestionLimit = { ...quota, sampling: { num_requests: 1, period: "1m" } };
    const bench = testBench({ limits: { usageGroups, ingestionLimit } });
    const statuses = [await post(bench, binary(sent)), await post(bench, binary(sent))];
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 429]);
  });
});
