import { connect as connectHttp2 } from "node:http2";
import { gunzipSync } from "node:zlib";

import { describe, expect, it } from "@jest/globals";

import { Code, InvalidArgumentError, UnavailableError } from "@hearth/errors";

import { type Routes, sendPlainError } from "../src/index.ts";
import { acceptsGzip } from "../src/response-gzip.ts";
import { routeLabel } from "../src/http-metrics.ts";
import { startServer } from "./support/start-server.ts";

const routes: Routes = (app) => {
  app.get("/bad", () => Promise.reject(new InvalidArgumentError("bad query: name=x")));
  app.get("/later", () => Promise.reject(new UnavailableError("not now", { retryAfterMs: 3000 })));
  app.get("/defect", () => Promise.reject(new TypeError("secret detail")));
  app.get("/too-large", (_, reply) =>
    sendPlainError(reply, { status: 413, code: Code.ResourceExhausted, message: "too large" }),
  );
  app.post("/echo/:name", (request) => request.body);
};

describe("errors of plain routes", () => {
  it.each([
    { path: "/bad", status: 400, want: { code: "invalid_argument", message: "bad query: name=x" } },
    { path: "/later", status: 503, want: { code: "unavailable", message: "not now" } },
    { path: "/defect", status: 500, want: { code: "internal", message: "internal error" } },
    { path: "/too-large", status: 413, want: { code: "resource_exhausted", message: "too large" } },
  ])("$path is $status", async ({ path, status, want }) => {
    await using server = await startServer({ routes: [routes] });
    const response = await fetch(server.baseUrl + path);
    expect(response.status).toBe(status);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await response.json()).toEqual(want);
    expect(server.events.map((event) => event.fields["method"])).toEqual(
      path === "/defect" ? ["GET /defect"] : [],
    );
  });

  it("say when to come back", async () => {
    await using server = await startServer({ routes: [routes] });
    expect((await fetch(`${server.baseUrl}/later`)).headers.get("retry-after")).toBe("3");
  });

  it.each([
    { name: "a body over the limit", body: "x".repeat(100), status: 413, code: "resource_exhausted" },
    { name: "broken JSON", body: "{", status: 400, code: "invalid_argument" },
  ])("$name is $status", async ({ body, status, code }) => {
    await using server = await startServer({ routes: [routes], settings: { readMaxBytes: 50 } });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${server.baseUrl}/echo/x`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it("a wrong method on a path with parameters is 405", async () => {
    await using server = await startServer({ routes: [routes] });
    const response = await fetch(`${server.baseUrl}/echo/x?y=1`);
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });
});

describe("probes and status", () => {
  it("/ready names the first check that fails, in order", async () => {
    let joined = false;
    const checks = [
      { name: "bucket", check: () => undefined },
      { name: "metastore", check: () => (joined ? undefined : "no leader") },
      { name: "writers", check: () => Promise.reject(new Error("none healthy")) },
    ];
    await using server = await startServer({ checks });
    const before = await fetch(`${server.baseUrl}/ready`);
    expect([before.status, await before.text()]).toEqual([503, "metastore not ready: no leader\n"]);
    joined = true;
    const after = await fetch(`${server.baseUrl}/ready?verbose`);
    expect(await after.json()).toEqual({
      ready: false,
      checks: [
        { name: "bucket", ready: true },
        { name: "metastore", ready: true },
        { name: "writers", ready: false, reason: "none healthy" },
      ],
    });
  });

  it("/ready fails as soon as the process shuts down, /live does not", async () => {
    await using server = await startServer();
    const ready = await fetch(`${server.baseUrl}/ready`);
    expect([ready.status, await ready.text()]).toEqual([200, "ready\n"]);
    server.readiness.beginShutdown();
    expect((await fetch(`${server.baseUrl}/ready`)).status).toBe(503);
    expect((await fetch(`${server.baseUrl}/live`)).status).toBe(200);
  });

  it("/ready answers in JSON when asked to", async () => {
    await using server = await startServer();
    const response = await fetch(`${server.baseUrl}/ready`, { headers: { accept: "application/json" } });
    expect(await response.json()).toEqual({ ready: true, checks: [] });
  });

  it("build information is JSON, settings are YAML as text", async () => {
    await using server = await startServer();
    const build = (await (await fetch(`${server.baseUrl}/api/v1/status/buildinfo`)).json()) as object;
    expect(build).toMatchObject({ status: "success", data: { version: "1.2.3", goVersion: /^node/ } });
    const config = await fetch(`${server.baseUrl}/api/v1/status/config`);
    expect(config.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await config.text()).toContain("http_listen_port: 4040");
  });

  it("/metrics counts requests by route and status", async () => {
    await using server = await startServer({ routes: [routes] });
    await (await fetch(`${server.baseUrl}/bad`)).text();
    const session = connectHttp2(server.baseUrl);
    const stream = session.request({ ":path": "/nowhere" }).resume();
    await new Promise((resolve) => stream.on("close", resolve));
    session.close();
    const text = await (await fetch(`${server.baseUrl}/metrics`)).text();
    expect(text).toContain(
      'request_duration_seconds_count{method="GET",route="bad",status_code="400",ws="false"} 1',
    );
    expect(text).toContain('route="other",status_code="404"');
  });
});

describe("compression of plain answers", () => {
  it.each([
    { accept: "gzip, br", want: "gzip" },
    { accept: "br", want: null },
    { accept: "gzip;q=0, *", want: null },
    { accept: "*", want: "gzip" },
  ])("Accept-Encoding: $accept", async ({ accept, want }) => {
    await using server = await startServer();
    const session = connectHttp2(server.baseUrl);
    const stream = session.request({ ":path": "/api/v1/status/config/default", "accept-encoding": accept });
    const encoding = new Promise((resolve) => {
      stream.on("response", (header) => resolve(header["content-encoding"] ?? null));
    });
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    session.close();
    expect(await encoding).toBe(want);
    const body = Buffer.concat(chunks);
    expect((want ? gunzipSync(body) : body).toString()).toContain("default settings");
  });

  it("leaves small answers alone", async () => {
    await using server = await startServer();
    expect((await fetch(`${server.baseUrl}/ready`)).headers.get("content-encoding")).toBeNull();
  });

  it.each([
    { header: undefined, want: false },
    { header: "", want: false },
    { header: "identity", want: false },
    { header: "GZIP;Q=0.5", want: true },
    { header: "gzip;q=0", want: false },
    { header: "*;q=0, gzip", want: true },
  ])("acceptsGzip($header) is $want", ({ header, want }) => {
    expect(acceptsGzip(header)).toBe(want);
  });
});

it.each([
  { url: "/push.v1.PusherService/Push", want: "push_v1_pusherservice_push" },
  { url: "/v1development/profiles", want: "v1development_profiles" },
  { url: "/pyroscope/render", want: "pyroscope_render" },
  { url: "/", want: "root" },
  { url: undefined, want: "other" },
])("the route label of $url is $want", ({ url, want }) => {
  expect(routeLabel(url)).toBe(want);
});
