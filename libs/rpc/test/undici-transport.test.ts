import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import { toBinary, create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";

import { Code } from "@hearth/errors";
import { PushResponseSchema, SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";

import { undiciTransport } from "../src/index.ts";

/** A client of a server that answers as the test says. */
async function against(handler: RequestListener) {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const transport = undiciTransport({
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxConnections: 2,
    connectTimeoutMs: 1000,
    defaultTimeoutMs: 2000,
    readMaxBytes: 1000,
  });
  return {
    client: createClient(SegmentWriterService, transport),
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("a call over the network", () => {
  it("is a Connect call as any other", async () => {
    let seen: unknown;
    await using end = await against((request, response) => {
      seen = { url: request.url, method: request.method, ...request.headers };
      response.end(toBinary(PushResponseSchema, create(PushResponseSchema, { failures: [{ batch: 7 }] })));
    });
    const answer = await end.client.push({ tenant: "acme" }, { timeoutMs: 1500, headers: { "x-a": "b" } });
    expect(answer.failures[0]?.batch).toBe(7);
    expect(seen).toMatchObject({
      url: "/hearth.segmentwriter.v1.SegmentWriterService/Push",
      method: "POST",
      "content-type": "application/proto",
      "connect-timeout-ms": "1500",
      "x-a": "b",
    });
  });

  it.each([
    {
      name: "a Connect error",
      status: 404,
      body: '{"code":"not_found","message":"no"}',
      code: Code.NotFound,
    },
    { name: "a proxy's error page", status: 503, body: "<html>", code: Code.Unavailable },
    { name: "an unknown path", status: 404, body: "404 page not found\n", code: Code.Unimplemented },
    { name: "an answer over the limit", status: 200, body: "x".repeat(1001), code: Code.ResourceExhausted },
    { name: "an answer that is no message", status: 200, body: "\n", code: Code.Internal },
  ])("fails on $name", async ({ status, body, code }) => {
    await using end = await against((_, response) => response.writeHead(status).end(body));
    await expect(end.client.push({})).rejects.toMatchObject({ code });
  });

  it("fails on an answer over the limit whose length is not announced", async () => {
    await using end = await against((_, response) => {
      response.write("x".repeat(600));
      response.end("x".repeat(600));
    });
    await expect(end.client.push({})).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it("is unavailable when the other side hangs up", async () => {
    await using end = await against((request) => request.socket.destroy());
    await expect(end.client.push({})).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it("is unavailable when nobody listens", async () => {
    const end = await against(() => undefined);
    await end[Symbol.asyncDispose]();
    const transport = undiciTransport({
      origin: "http://127.0.0.1:1",
      maxConnections: 1,
      connectTimeoutMs: 500,
      defaultTimeoutMs: 1000,
      readMaxBytes: 1000,
    });
    const call = createClient(SegmentWriterService, transport).push({});
    await expect(call).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it("ends at its deadline", async () => {
    await using end = await against(() => undefined);
    const call = end.client.push({}, { timeoutMs: 30 });
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("ends with its caller", async () => {
    await using end = await against(() => undefined);
    const call = end.client.push({}, { signal: AbortSignal.abort() });
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
  });
});
