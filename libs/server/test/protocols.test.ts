import { once } from "node:events";
import { request as http1Request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp, type Socket } from "node:net";

import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, it } from "@jest/globals";

import { InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from "@hearth/proto/grpc/health/v1";
import { PusherService } from "@hearth/proto/push/v1";
import { QuerierService } from "@hearth/proto/querier/v1";
import { decodeRetryInfo, implement, undiciTransport } from "@hearth/rpc";

import { type RunningServer, startServer } from "./support/start-server.ts";

const services = [
  implement(QuerierService, {
    labelNames({ matchers }) {
      if (matchers[0] === "bad") throw new InvalidArgumentError("no such matcher: é");
      if (matchers[0] === "later") throw new UnavailableError("not now", { retryAfterMs: 250 });
      return { names: matchers };
    },
    // Never answers by itself.
    labelValues: () => new Promise(() => undefined),
  }),
  implement(PusherService, { push: () => ({}) }, { readMaxBytes: 64 << 10 }),
];

const start = (): Promise<RunningServer> => startServer({ services });

type MakeTransport = (baseUrl: string) => Transport;

const TRANSPORTS: readonly { name: string; make: MakeTransport }[] = [
  {
    name: "Connect binary over HTTP/1.1",
    make: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" }),
  },
  {
    name: "Connect JSON over HTTP/1.1",
    make: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  },
  {
    name: "Connect binary over HTTP/2",
    make: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" }),
  },
  {
    name: "Connect by GET",
    make: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1", useHttpGet: true }),
  },
  { name: "gRPC over HTTP/2", make: (baseUrl) => createGrpcTransport({ baseUrl }) },
  {
    name: "gRPC-Web over HTTP/1.1",
    make: (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
  },
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
];

const headers = { "x-scope-orgid": "acme" };

describe.each(TRANSPORTS)("$name", ({ make }) => {
  it("carries a call, large ones too", async () => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    const matchers = ["é", "x".repeat(make.toString().includes("useHttpGet") ? 1000 : 300_000)];
    expect((await client.labelNames({ matchers }, { headers })).names).toEqual(matchers);
  });

  it("carries an error", async () => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    await expect(client.labelNames({ matchers: ["bad"] }, { headers })).rejects.toMatchObject({
      code: Code.InvalidArgument,
      message: expect.stringContaining("no such matcher: é") as unknown,
    });
  });

  it("says that there is no tenant", async () => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    await expect(client.labelNames({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it("refuses a message that is too large", async () => {
    await using server = await start();
    const client = createClient(PusherService, make(server.baseUrl));
    const rawProfile = new Uint8Array(100 << 10);
    const call = client.push({ series: [{ samples: [{ rawProfile }] }] }, { headers });
    await expect(call).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it("ends at the deadline though the service does not", async () => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    const call = client.labelValues({}, { headers, timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("ends when the caller gives up", async () => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    const controller = new AbortController();
    const call = client.labelValues({}, { headers, signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    expect(server.events).toEqual([]);
  });
});

describe("what the server ends by itself", () => {
  it("calls that take longer than it allows", async () => {
    await using server = await startServer({ services, settings: { maxCallMs: 50 } });
    const client = createClient(QuerierService, createGrpcTransport({ baseUrl: server.baseUrl }));
    await expect(client.labelValues({}, { headers })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });
});

describe("retry information", () => {
  it.each(TRANSPORTS.slice(0, 6))("travels over $name", async ({ make }) => {
    await using server = await start();
    const client = createClient(QuerierService, make(server.baseUrl));
    const call = client.labelNames({ matchers: ["later"] }, { headers });
    const error = ConnectError.from(await call.catch((thrown: unknown) => thrown));
    expect(error.code).toBe(Code.Unavailable);
    const [detail] = error.details as { type: string; value: Uint8Array }[];
    expect(detail?.type).toBe("google.rpc.RetryInfo");
    expect(decodeRetryInfo(detail?.value ?? new Uint8Array())).toBe(250);
  });

  it("reaches our own clients as retryAfterMs", async () => {
    await using server = await start();
    const client = createClient(QuerierService, TRANSPORTS[6]!.make(server.baseUrl));
    const call = client.labelNames({ matchers: ["later"] }, { headers });
    await expect(call).rejects.toMatchObject({ name: "UnavailableError", retryAfterMs: 250 });
  });
});

describe("gRPC that is not well-formed", () => {
  it("is an invalid argument when the message cannot be decoded", async () => {
    await using server = await start();
    const trailers = await rawGrpc(server.port, "/querier.v1.QuerierService/LabelNames", Buffer.from("\n"));
    expect(trailers["grpc-status"]).toBe(String(Code.InvalidArgument));
  });

  it("is not found, in text, when there is no such method", async () => {
    await using server = await start();
    const answer = await rawGrpc(server.port, "/querier.v1.QuerierService/Nothing", Buffer.alloc(0));
    expect(answer[":status"]).toBe(404);
  });
});

describe("health", () => {
  it("says whether the process serves", async () => {
    await using server = await start();
    const client = createClient(Health, createGrpcTransport({ baseUrl: server.baseUrl }));
    expect((await client.check({})).status).toBe(ServingStatus.NOT_SERVING);
    server.health.set(true);
    expect((await client.check({})).status).toBe(ServingStatus.SERVING);
    await expect(client.check({ service: "nobody" })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it("tells watchers each change and lets them go when the server closes", async () => {
    const server = await start();
    const client = createClient(Health, createGrpcTransport({ baseUrl: server.baseUrl }));
    const seen: ServingStatus[] = [];
    for await (const { status } of client.watch({ service: "pyroscope.metastore" })) {
      seen.push(status);
      if (seen.length === 1) server.health.set(true, "pyroscope.metastore");
      if (seen.length === 2) server.health.set(false, "pyroscope.metastore");
      if (seen.length === 3) void server[Symbol.asyncDispose]();
    }
    await server[Symbol.asyncDispose]();
    expect(seen).toEqual([ServingStatus.SERVICE_UNKNOWN, ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
  });
});

describe("connections", () => {
  it("both protocols are understood when they arrive byte by byte", async () => {
    await using server = await start();
    const socket = connectTcp(server.port, "127.0.0.1").setNoDelay(true);
    await trickle(socket, "PROPFIND /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 4\d\d /);

    const http2 = connectTcp(server.port, "127.0.0.1").setNoDelay(true);
    await trickle(http2, `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${EMPTY_SETTINGS_FRAME}`);
    const [firstFrame] = (await once(http2, "data")) as [Buffer];
    expect(firstFrame[3]).toBe(SETTINGS);
    http2.destroy();
  });

  it("an upgrade request is answered in HTTP/1.1", async () => {
    await using server = await start();
    const status = await new Promise((resolve, reject) => {
      const upgrade = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" };
      http1Request({ port: server.port, path: "/ready", headers: upgrade }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(200);
  });

  it("of repeated tenant headers the first counts", async () => {
    await using server = await start();
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.write(
      [
        "POST /querier.v1.QuerierService/LabelNames HTTP/1.1",
        "Host: x",
        "X-Scope-OrgID: first",
        "X-Scope-OrgID: second",
        "Content-Type: application/json",
        "Content-Length: 2",
        "Connection: close",
        "",
        "{}",
      ].join("\r\n"),
    );
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

const SETTINGS = 4;
const EMPTY_SETTINGS_FRAME = String.fromCharCode(0, 0, 0, SETTINGS, 0, 0, 0, 0, 0);

/** One gRPC call by hand: the response headers and trailers in one. */
function rawGrpc(port: number, path: string, message: Buffer): Promise<Record<string, unknown>> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
    ...headers,
  });
  const frame = Buffer.alloc(5);
  frame.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([frame, message]));
  return new Promise((resolve, reject) => {
    const seen: Record<string, unknown> = {};
    stream.on("response", (header) => Object.assign(seen, header));
    stream.on("trailers", (header) => Object.assign(seen, header));
    stream.on("close", () => {
      session.close();
      resolve(seen);
    });
    stream.on("error", reject);
    stream.resume();
  });
}

/** Writes one byte after the other, each after the one before has gone out. */
async function trickle(socket: Socket, text: string): Promise<void> {
  for (const byte of Buffer.from(text, "latin1")) {
    await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
  }
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}
