import { gzipSync } from "node:zlib";

import { describe, expect, it } from "@jest/globals";

import { InvalidArgumentError, ResourceExhaustedError } from "@hearth/errors";
import { PusherService } from "@hearth/proto/push/v1";
import { QuerierService } from "@hearth/proto/querier/v1";
import { VCSService } from "@hearth/proto/vcs/v1";
import { implement, tenantsKey, unimplementedServices } from "@hearth/rpc";

import { type RunningServer, startServer, type StartOptions } from "./support/start-server.ts";

/** A querier that says what it was asked, and fails on demand. */
const services = [
  implement(QuerierService, {
    labelNames(request, context) {
      const [matcher = ""] = request.matchers;
      if (matcher === "bad") throw new InvalidArgumentError("bad matcher");
      if (matcher === "busy") throw new ResourceExhaustedError("too many", { retryAfterMs: 1500 });
      if (matcher === "defect") throw new TypeError("secret detail");
      return { names: [matcher, String(request.start), ...context.values.get(tenantsKey)] };
    },
  }),
  implement(PusherService, { push: () => ({}) }, { readMaxBytes: 4096 }),
  ...unimplementedServices([VCSService]),
];

const LABEL_NAMES = "/querier.v1.QuerierService/LabelNames";
const PUSH = "/push.v1.PusherService/Push";
const JSON_TYPE = { "content-type": "application/json" };
const PROTO_TYPE = { "content-type": "application/proto" };

const start = (options: StartOptions = {}): Promise<RunningServer> => startServer({ services, ...options });

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

async function ask(server: RunningServer, { method = "POST", path = LABEL_NAMES, headers, body }: Ask) {
  const response = await fetch(server.baseUrl + path, {
    method,
    headers: { "x-scope-orgid": "acme", ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return { status: response.status, header: response.headers, text };
}

describe("what is no call of a method", () => {
  it.each([
    { name: "GET", method: "GET" },
    { name: "PUT", method: "PUT", headers: JSON_TYPE, body: "{}" },
    { name: "DELETE", method: "DELETE" },
    { name: "OPTIONS", method: "OPTIONS" },
    { name: "GET of Push", method: "GET", path: PUSH },
  ])("$name is 405 with Allow and no body", async (request) => {
    await using server = await start();
    const answer = await ask(server, request);
    expect(answer).toMatchObject({ status: 405, text: "" });
    expect(answer.header.get("allow")).toBe("POST");
    expect(answer.header.get("content-type")).toBeNull();
  });

  it.each([
    { name: "text", headers: { "content-type": "text/plain" }, body: "x" },
    { name: "XML", headers: { "content-type": "application/xml" }, body: "<a/>" },
    { name: "a form", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" },
    { name: "text to Push", path: PUSH, headers: { "content-type": "text/plain" }, body: "x" },
    { name: "no content type", body: new Uint8Array(2) },
  ])("$name is 415 with Accept-Post and no body", async (request) => {
    await using server = await start();
    const answer = await ask(server, request);
    expect(answer).toMatchObject({ status: 415, text: "" });
    expect(answer.header.get("accept-post")).toContain("application/proto");
  });

  it.each([
    { name: "an unknown method", path: "/querier.v1.QuerierService/Nothing" },
    { name: "an unknown service", path: "/querier.v9.QuerierService/LabelNames" },
    { name: "an unknown path", path: "/pyroscope/nothing" },
  ])("$name is 404 in text", async ({ path }) => {
    await using server = await start();
    const answer = await ask(server, { path, headers: JSON_TYPE, body: "{}" });
    expect(answer).toMatchObject({ status: 404, text: "404 page not found\n" });
    expect(answer.header.get("content-type")).toMatch(/^text\/plain/);
  });
});

describe("bodies and headers of calls", () => {
  const gzip = { "content-encoding": "gzip" };
  it.each([
    { name: "broken JSON", headers: JSON_TYPE, body: '{"start":' },
    { name: "a JSON array", headers: JSON_TYPE, body: "[]" },
    { name: "an object for a number", headers: JSON_TYPE, body: '{"start":{}}' },
    { name: "a word for a time", headers: JSON_TYPE, body: '{"start":"noon"}' },
    { name: "an empty JSON body", headers: JSON_TYPE, body: "" },
    { name: "a string for a list", headers: JSON_TYPE, body: '{"matchers":"{}"}' },
    { name: "a protobuf tag without value", headers: PROTO_TYPE, body: "\n" },
    { name: "a protobuf that ends too early", path: PUSH, headers: PROTO_TYPE, body: "\n\u0001" },
    { name: "no gzip where gzip is said", headers: { ...JSON_TYPE, ...gzip }, body: '{"start": 1}' },
    { name: "two bytes where gzip is said", path: PUSH, headers: { ...JSON_TYPE, ...gzip }, body: "{}" },
    { name: "a gzip stream cut short", headers: { ...JSON_TYPE, ...gzip }, body: cut(gzipSync("{}")) },
    {
      name: "an unknown protocol version",
      headers: { ...JSON_TYPE, "connect-protocol-version": "9" },
      body: "{}",
    },
    { name: "a word for a time-out", headers: { ...JSON_TYPE, "connect-timeout-ms": "soon" }, body: "{}" },
    { name: "what the service refuses", headers: JSON_TYPE, body: '{"matchers":["bad"]}' },
  ])("$name is invalid_argument", async (request) => {
    await using server = await start();
    const answer = await ask(server, request);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "invalid_argument" });
    expect(server.events).toEqual([]);
  });

  it("an unknown encoding is unimplemented and says which are known", async () => {
    await using server = await start();
    const headers = { ...JSON_TYPE, "content-encoding": "snappy" };
    const answer = await ask(server, { headers, body: "{}" });
    expect(answer.status).toBe(501);
    expect(JSON.parse(answer.text)).toEqual({
      code: "unimplemented",
      message: 'unknown compression "snappy": supported encodings are gzip',
    });
  });

  it.each([
    { name: "as it is", headers: PROTO_TYPE, body: new Uint8Array(5000) },
    {
      name: "after gunzip, though 1 KB before",
      headers: { ...PROTO_TYPE, "content-encoding": "gzip" },
      body: new Uint8Array(gzipSync(new Uint8Array(1 << 20))),
    },
  ])("a message larger than the service's limit $name is resource_exhausted", async ({ headers, body }) => {
    await using server = await start();
    const answer = await ask(server, { path: PUSH, headers, body });
    expect(answer.status).toBe(429);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "resource_exhausted" });
  });

  it("a service that is not there yet is unimplemented, not unknown", async () => {
    await using server = await start();
    const answer = await ask(server, {
      path: "/vcs.v1.VCSService/GithubApp",
      headers: JSON_TYPE,
      body: "{}",
    });
    expect(answer.status).toBe(501);
    expect(JSON.parse(answer.text)).toMatchObject({ code: "unimplemented" });
  });

  it("no tenant is unauthenticated", async () => {
    await using server = await start();
    const response = await fetch(server.baseUrl + LABEL_NAMES, {
      method: "POST",
      headers: JSON_TYPE,
      body: "{}",
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ code: "unauthenticated", message: "no org id" });
  });

  it("a defect is hidden from the client and logged once", async () => {
    await using server = await start();
    const answer = await ask(server, { headers: JSON_TYPE, body: '{"matchers":["defect"]}' });
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.text)).toEqual({ code: "internal", message: "internal error" });
    expect(server.events).toHaveLength(1);
    expect(server.events[0]).toMatchObject({
      level: "error",
      message: "request failed",
      fields: { method: LABEL_NAMES, tenant: "acme", code: "Internal" },
    });
  });

  it("a refusal for now says when to come back", async () => {
    await using server = await start();
    const answer = await ask(server, { headers: JSON_TYPE, body: '{"matchers":["busy"]}' });
    expect(answer.status).toBe(429);
    expect(answer.header.get("retry-after")).toBe("2");
    expect(JSON.parse(answer.text)).toMatchObject({
      code: "resource_exhausted",
      details: [{ type: "google.rpc.RetryInfo" }],
    });
  });
});

describe("JSON", () => {
  it.each([
    { name: "unknown fields are ignored", body: '{"colour":"red"}', want: { names: ["", "0", "acme"] } },
    { name: "times may be numbers", body: '{"start":5}', want: { names: ["", "5", "acme"] } },
    { name: "times may be strings", body: '{"start":"5"}', want: { names: ["", "5", "acme"] } },
    { name: "media type parameters are fine", body: "{}", want: { names: ["", "0", "acme"] } },
  ])("$name", async ({ body, want }) => {
    await using server = await start();
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect(JSON.parse((await ask(server, { headers, body })).text)).toEqual(want);
  });

  it("an empty answer is {}", async () => {
    await using server = await start();
    expect((await ask(server, { path: PUSH, headers: JSON_TYPE, body: "{}" })).text).toBe("{}");
  });
});

it("a strange Accept fails nothing", async () => {
  await using server = await start();
  const headers = { ...JSON_TYPE, accept: ";;=,/*" };
  expect((await ask(server, { headers, body: "{}" })).status).toBe(200);
});

it("a path prefix moves RPCs and plain routes", async () => {
  await using server = await start({ settings: { pathPrefix: "/profiles" } });
  const call = { headers: JSON_TYPE, body: "{}" };
  expect((await ask(server, { ...call, path: `/profiles${LABEL_NAMES}` })).status).toBe(200);
  expect((await ask(server, { ...call, path: LABEL_NAMES })).status).toBe(404);
  expect((await ask(server, { method: "GET", path: `/profiles${LABEL_NAMES}` })).status).toBe(405);
  expect((await ask(server, { method: "GET", path: "/profiles/ready" })).status).toBe(200);
});

function cut(bytes: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.subarray(0, bytes.length - 6));
}
