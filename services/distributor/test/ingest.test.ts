/** `/ingest` as SDKs speak it: parameters, bodies, forms, and what they are answered. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { InternalError } from "@hearth/errors";
import { buildPprof } from "@hearth/testing";
import type { LightMyRequestResponse } from "fastify";

import { testApp } from "./support/app.ts";
import { cpuSketch, NOW_MS, testBench, type Setup, type TestBench } from "./support/fakes.ts";

const pprof = buildPprof(cpuSketch);

interface Upload {
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly body?: Uint8Array | string;
  readonly headers?: Record<string, string>;
  readonly tenant?: string;
}

async function upload(
  bench: TestBench,
  { path, query, body, headers, tenant }: Upload,
): Promise<LightMyRequestResponse> {
  const app = await testApp(bench);
  return app.inject({
    method: "POST",
    url: path ?? "/ingest",
    query: { name: "app", format: "pprof", ...query },
    headers: { "x-scope-orgid": tenant ?? "acme", "content-type": "application/octet-stream", ...headers },
    payload: Buffer.from(body ?? pprof),
  });
}

interface Part {
  readonly name: string;
  readonly content: Uint8Array | string;
  readonly filename?: string;
}

function form(parts: readonly Part[]): Pick<Upload, "body" | "headers"> {
  const boundary = "XXBOUNDARYXX";
  const chunks = parts.flatMap(({ name, content, filename = name }) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  const body = Buffer.concat([...chunks, Buffer.from(`--${boundary}--\r\n`)]);
  return { body, headers: { "content-type": `multipart/form-data; boundary=${boundary}` } };
}

/** Labels of what was stored, without the ones that only say the type. */
function storedLabels({ writer }: TestBench): Record<string, string> {
  const labels = writer.columns[0]?.series[0]?.labels ?? [];
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

describe("a pprof in the body of /ingest", () => {
  it.each([
    { name: "plain", body: pprof, headers: {} },
    { name: "compressed", body: gzipSync(pprof), headers: {} },
    { name: "compressed by HTTP", body: gzipSync(pprof), headers: { "content-encoding": "gzip" } },
    { name: "called JSON", body: pprof, headers: { "content-type": "application/json" } },
    { name: "called text", body: pprof, headers: { "content-type": "text/plain" } },
  ])("is stored: $name", async ({ body, headers }) => {
    const bench = testBench();
    const response = await upload(bench, { body, headers });
    expect(response).toMatchObject({ statusCode: 200, body: "" });
    expect(bench.writer.columns[0]?.rows.count).toBe(1);
  });

  it("has labels from the name, the spy and the sample types", async () => {
    const bench = testBench();
    await upload(bench, { query: { name: "my.app{pod=a,__name__=x,__session_id__=1}", spyName: "gospy" } });
    expect(storedLabels(bench)).toMatchObject({
      __name__: "process_cpu",
      service_name: "my.app",
      pod: "a",
      pyroscope_spy: "gospy",
      __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    });
    expect(storedLabels(bench)).not.toHaveProperty("__session_id__");
  });

  it("lets a tag name the service", async () => {
    const bench = testBench();
    await upload(bench, { query: { name: "app{service_name=shop}" } });
    expect(bench.writer.services).toEqual(["shop"]);
  });

  it("happened at the time of the request when it says none", async () => {
    const bench = testBench();
    const body = buildPprof({ ...cpuSketch, timeNanos: 0n });
    await upload(bench, { body, query: { from: String(NOW_MS / 1000 - 60) } });
    expect(bench.writer.columns[0]?.rows.timeMs[0]).toBe(NOW_MS - 60_000);
  });

  it("may come to /pyroscope/ingest, too", async () => {
    const bench = testBench();
    expect(await upload(bench, { path: "/pyroscope/ingest" })).toMatchObject({ statusCode: 200 });
    expect(bench.writer.requests).toHaveLength(1);
  });

  it("is refused when it is empty: whoever promised a profile has lost it", async () => {
    const bench = testBench();
    const response = await upload(bench, { body: "" });
    expect(response.statusCode).toBe(400);
    expect(response.json()).toEqual({ code: "invalid_argument", message: "profile: the body is empty" });
    expect(bench.writer.requests).toEqual([]);
  });

  it("is nothing to store when it is empty and no profile was promised: a text without stacks", async () => {
    const bench = testBench();
    expect(await upload(bench, { body: "", query: { format: "groups" } })).toMatchObject({ statusCode: 200 });
    expect(bench.writer.requests).toEqual([]);
  });
});

describe("a pprof in a form", () => {
  const config = (displayName: string): Part => ({
    name: "sample_type_config",
    content: JSON.stringify({ cpu: { units: "x", "display-name": displayName } }),
  });

  it.each([
    { name: "without format", query: { format: "" } },
    { name: "with format=pprof", query: { format: "pprof" } },
  ])("is stored, $name", async ({ query }) => {
    const bench = testBench();
    const sent = form([{ name: "profile", content: gzipSync(pprof) }]);
    expect(await upload(bench, { ...sent, query })).toMatchObject({ statusCode: 200 });
    expect(bench.writer.columns[0]?.rows.count).toBe(1);
  });

  it("is named by its configuration of sample types", async () => {
    const bench = testBench();
    await upload(bench, form([{ name: "profile", content: pprof }, config("alloc_space")]));
    expect(storedLabels(bench)).toMatchObject({ __name__: "memory" });
  });

  it("takes an empty part prev_profile for none", async () => {
    const sent = form([
      { name: "profile", content: pprof },
      { name: "prev_profile", content: "" },
    ]);
    expect(await upload(testBench(), sent)).toMatchObject({ statusCode: 200 });
  });

  it.each([
    {
      name: "no part profile",
      parts: [config("cpu")],
      want: "profile: the part is missing or empty",
      status: 400,
    },
    {
      name: "an empty part profile",
      parts: [{ name: "profile", content: "" }],
      want: "profile: the part is missing or empty",
      status: 400,
    },
    {
      name: "a previous profile",
      parts: [
        { name: "profile", content: pprof },
        { name: "prev_profile", content: pprof },
      ],
      want: "prev_profile: cumulative profiles are no longer made differences here",
      status: 422,
    },
    {
      name: "a broken configuration",
      parts: [
        { name: "profile", content: pprof },
        { name: "sample_type_config", content: '{"cpu":' },
      ],
      want: "sample_type_config: not JSON",
      status: 422,
    },
    {
      name: "a list as configuration",
      parts: [
        { name: "profile", content: pprof },
        { name: "sample_type_config", content: "[]" },
      ],
      want: "sample_type_config: expected a JSON object by sample type",
      status: 422,
    },
    {
      name: "a configuration that is no object",
      parts: [
        { name: "profile", content: pprof },
        { name: "sample_type_config", content: '{"cpu":1}' },
      ],
      want: "sample_type_config: expected an object: sample_type=cpu",
      status: 422,
    },
    {
      name: "junk",
      parts: [{ name: "profile", content: "no profile" }],
      want: "not valid protobuf",
      status: 422,
    },
  ])("is refused with $name", async ({ parts, want, status }) => {
    const bench = testBench();
    const response = await upload(bench, form(parts));
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({
      code: status === 400 ? "invalid_argument" : "unknown",
      message: expect.stringContaining(want),
    });
    expect(bench.writer.requests).toEqual([]);
  });

  it("is refused when the form is not one", async () => {
    const sent = { body: "nothing", headers: { "content-type": "multipart/form-data; boundary=x" } };
    expect(await upload(testBench(), sent)).toMatchObject({ statusCode: 400 });
    const unbounded = { body: "nothing", headers: { "content-type": "multipart/form-data" } };
    expect(await upload(testBench(), unbounded)).toMatchObject({ statusCode: 400 });
  });
});

describe("/ingest answers", () => {
  it.each<{ name: string; setup?: Setup; sent: Upload; status: number; code: string; message: string }>([
    {
      name: "a bad name",
      sent: { query: { name: "a b" } },
      status: 400,
      code: "invalid_argument",
      message: "name: invalid service name",
    },
    {
      name: "a bad time",
      sent: { query: { from: "yesterday" } },
      status: 400,
      code: "invalid_argument",
      message: "from: not a time: yesterday",
    },
    {
      name: "a rule that the labels break",
      setup: { limits: { maxLabelNamesPerSeries: 3 } },
      sent: {},
      status: 400,
      code: "invalid_argument",
      message: "has 4 label names; limit 3",
    },
    {
      name: "a format that is not read yet",
      sent: { query: { format: "jfr" }, body: "FLR" },
      status: 400,
      code: "invalid_argument",
      message: "format jfr is not supported yet",
    },
    {
      name: "an unknown compression",
      sent: { headers: { "content-encoding": "br" } },
      status: 400,
      code: "invalid_argument",
      message: "content-encoding is not supported: br",
    },
    {
      name: "a compression that is none",
      sent: { headers: { "content-encoding": "gzip" } },
      status: 400,
      code: "invalid_argument",
      message: "body is not gzip",
    },
    {
      name: "no tenant, before all else",
      sent: { tenant: "", query: { name: "a b" } },
      status: 401,
      code: "unauthenticated",
      message: "no org id",
    },
    {
      name: "two tenants",
      sent: { tenant: "one|two" },
      status: 401,
      code: "unauthenticated",
      message: "multiple org IDs present",
    },
    {
      name: "a body over the tenant's limit",
      setup: { limits: { ingestionBodyLimitMb: 0.0001 } },
      sent: { body: "x".repeat(200) },
      status: 413,
      code: "resource_exhausted",
      message: "request body too large: limit_bytes=104",
    },
    {
      name: "a form over the tenant's limit",
      setup: { limits: { ingestionBodyLimitMb: 0.0001 } },
      sent: form([{ name: "profile", content: "x".repeat(200) }]),
      status: 413,
      code: "resource_exhausted",
      message: "limit_bytes=104",
    },
    {
      name: "a rate over the tenant's limit",
      setup: { limits: { ingestionRateMb: 0.00001, ingestionBurstSizeMb: 0, maxProfileSizeBytes: 10 } },
      sent: {},
      status: 429,
      code: "resource_exhausted",
      message: "of tenant acme exceeded",
    },
  ])("$name with $status", async ({ setup, sent, status, code, message }) => {
    const bench = testBench(setup);
    const response = await upload(bench, sent);
    expect(response.statusCode).toBe(status);
    expect(response.headers["x-content-type-options"]).toBe("nosniff");
    expect(response.json()).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(bench.writer.requests).toEqual([]);
  });

  it("trouble of the writers with 503 and when to come again, so that agents keep their data", async () => {
    const bench = testBench();
    bench.writer.fail(new InternalError("disk"));
    const response = await upload(bench, {});
    expect(response.statusCode).toBe(503);
    expect(response.headers["retry-after"]).toBe("1");
    expect(response.json()).toMatchObject({ code: "unavailable" });
  });
});
