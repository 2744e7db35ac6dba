import { Code, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "@jest/globals";

import { InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";
import { implement, undiciTransport } from "@hearth/rpc";

import { type RunningServer, startServer } from "./support/start-server.ts";

const PUSH = "/hearth.segmentwriter.v1.SegmentWriterService/Push";
const PROTO_TYPE = { "content-type": "application/proto" };

const services = [
  implement(SegmentWriterService, {
    async push(request, { requestHeader, responseHeader }) {
      responseHeader.set("x-echo", requestHeader.get("x-ask") ?? "");
      if (request.tenant === "bad") throw new InvalidArgumentError("bad tenant: é");
      if (request.tenant === "later") throw new UnavailableError("not now", { retryAfterMs: 250 });
      if (request.tenant === "defect") throw new TypeError("secret");
      if (request.tenant === "deaf") await new Promise(() => undefined);
      return { failures: request.batches.map((_, batch) => ({ batch })) };
    },
  }),
];

const start = (maxCallMs = 5_000): Promise<RunningServer> =>
  startServer({ services, resolveTenants: null, settings: { maxCallMs, readMaxBytes: 300_000 } });

/** The first goes through the direct door, the others through Fastify and Connect: nobody may notice. */
const TRANSPORTS: readonly { name: string; make: (baseUrl: string) => Transport }[] = [
  {
    name: "our own transport",
    make: (origin) =>
      undiciTransport({
        origin,
        maxConnections: 4,
        connectTimeoutMs: 1000,
        defaultTimeoutMs: 5000,
        readMaxBytes: 1 << 20,
      }),
  },
  { name: "Connect over HTTP/2", make: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }) },
  { name: "gRPC", make: (baseUrl) => createGrpcTransport({ baseUrl }) },
];

describe.each(TRANSPORTS)("between our own processes, by $name", ({ make }) => {
  it("a call needs no tenant, and carries headers both ways", async () => {
    await using server = await start();
    const client = createClient(SegmentWriterService, make(server.baseUrl));
    let echo: string | null = null;
    const columns = new Uint8Array(100_000);
    const response = await client.push(
      { batches: [{ columns }, { columns }] },
      { headers: { "x-ask": "hello" }, onHeader: (header) => (echo = header.get("x-echo")) },
    );
    expect(response.failures.map(({ batch }) => batch)).toEqual([0, 1]);
    expect(echo).toBe("hello");
  });

  it.each([
    { tenant: "bad", code: Code.InvalidArgument, message: "bad tenant: é" },
    { tenant: "later", code: Code.Unavailable, message: "not now" },
    { tenant: "defect", code: Code.Internal, message: "internal error" },
  ])("$tenant fails with its code", async ({ tenant, code, message }) => {
    await using server = await start();
    const client = createClient(SegmentWriterService, make(server.baseUrl));
    await expect(client.push({ tenant })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as unknown,
    });
    expect(server.events).toHaveLength(tenant === "defect" ? 1 : 0);
  });

  it("a message over the limit is refused", async () => {
    await using server = await start();
    const client = createClient(SegmentWriterService, make(server.baseUrl));
    const call = client.push({ batches: [{ columns: new Uint8Array(300_000) }] });
    await expect(call).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it.each([
    { name: "the client's deadline", maxCallMs: 5_000, timeoutMs: 30 },
    { name: "the server's limit", maxCallMs: 30, timeoutMs: 5_000 },
  ])("a call ends at $name", async ({ maxCallMs, timeoutMs }) => {
    await using server = await start(maxCallMs);
    const client = createClient(SegmentWriterService, make(server.baseUrl));
    const call = client.push({ tenant: "deaf" }, { timeoutMs });
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("is counted as an RPC", async () => {
    await using server = await start();
    await createClient(SegmentWriterService, make(server.baseUrl)).push({});
    const { body } = await server.registry.expose();
    expect(body).toContain('route="/segmentwriter.v1.SegmentWriterService/Push",status_code="success"');
  });
});

describe("the direct door", () => {
  it.each([
    { name: "a body that cannot be decoded", headers: {}, status: 400, code: "invalid_argument" },
    {
      name: "a word for a time-out",
      headers: { "connect-timeout-ms": "soon" },
      status: 400,
      code: "invalid_argument",
    },
    {
      name: "another version",
      headers: { "connect-protocol-version": "9" },
      status: 400,
      code: "invalid_argument",
    },
    { name: "an encoding", headers: { "content-encoding": "gzip" }, status: 501, code: "unimplemented" },
  ])("answers $name as the other one does", async ({ headers, status, code }) => {
    await using server = await start();
    const init = { method: "POST", headers: { ...PROTO_TYPE, ...headers }, body: "\n" };
    const response = await fetch(server.baseUrl + PUSH, init);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  it("is below the path prefix too", async () => {
    await using server = await startServer({
      services,
      resolveTenants: null,
      settings: { pathPrefix: "/x" },
    });
    const init = { method: "POST", headers: PROTO_TYPE, body: new Uint8Array(0) };
    expect((await fetch(`${server.baseUrl}/x${PUSH}`, init)).status).toBe(200);
    expect((await fetch(server.baseUrl + PUSH, init)).status).toBe(404);
  });
});
