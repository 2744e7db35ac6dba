import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";

import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "@jest/globals";

import { QuerierService } from "@hearth/proto/querier/v1";
import { implement } from "@hearth/rpc";

import { defaultLimits } from "../src/index.ts";
import { startServer } from "./support/start-server.ts";

const headers = { "x-scope-orgid": "acme" };

/** A service whose one call waits until the test lets it go. */
function gate() {
  const entered = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const service = implement(QuerierService, {
    async labelNames() {
      entered.resolve();
      await released.promise;
      return { names: ["x".repeat(2 << 20)] };
    },
  });
  return { services: [service], entered: entered.promise, release: released.resolve };
}

describe("closing", () => {
  it("lets an HTTP/1.1 request in flight finish, whole, and then cuts the connection", async () => {
    const { services, entered, release } = gate();
    const server = await startServer({ services });
    const call = fetch(`${server.baseUrl}/querier.v1.QuerierService/LabelNames`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: "{}",
    }).then((response) => response.text());
    await entered;
    const closed = server[Symbol.asyncDispose]();
    release();
    expect((await call).length).toBeGreaterThan(2 << 20);
    await closed;
    await expect(fetch(`${server.baseUrl}/ready`)).rejects.toThrow("fetch failed");
  });

  it("lets an HTTP/2 stream in flight finish and sends GOAWAY", async () => {
    const { services, entered, release } = gate();
    const server = await startServer({ services });
    const idle = connectHttp2(server.baseUrl);
    await once(idle, "remoteSettings");
    const goAway = once(idle, "goaway");
    const client = createClient(QuerierService, createGrpcTransport({ baseUrl: server.baseUrl }));
    const call = client.labelNames({}, { headers });
    await entered;
    const closed = server[Symbol.asyncDispose]();
    await goAway;
    release();
    expect((await call).names).toHaveLength(1);
    await closed;
  });

  it("cuts idle and silent connections at once", async () => {
    const server = await startServer();
    const silent = connectTcp(server.port, "127.0.0.1");
    await once(silent, "connect");
    const idle = await fetch(`${server.baseUrl}/ready`);
    await idle.text();
    const cut = once(silent.resume(), "close");
    await server[Symbol.asyncDispose]();
    await cut;
    expect(silent.destroyed).toBe(true);
  });

  it("cuts what does not finish in time", async () => {
    const { services, entered } = gate();
    const server = await startServer({ services, settings: { gracefulShutdownTimeoutMs: 50 } });
    const client = createClient(QuerierService, createGrpcTransport({ baseUrl: server.baseUrl }));
    const outcome = client.labelNames({}, { headers }).catch((error: unknown) => error);
    await entered;
    await server[Symbol.asyncDispose]();
    expect(await outcome).toBeInstanceOf(ConnectError);
  });

  it("twice is harmless, and so is closing what never listened", async () => {
    const server = await startServer();
    await server[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    expect(server.events).toEqual([]);
  });
});

describe("slow clients", () => {
  it("are cut when they do not say what they speak", async () => {
    const limits = { ...defaultLimits, headersTimeoutMs: 50 };
    await using server = await startServer({ settings: { limits } });
    const socket = connectTcp(server.port, "127.0.0.1");
    socket.write("PRI * HT");
    await once(socket.resume(), "close");
    expect(socket.bytesRead).toBe(0);
  });

  it("lose their stream when they stop in the middle of a body", async () => {
    const limits = { ...defaultLimits, requestTimeoutMs: 50 };
    await using server = await startServer({ ...gate(), settings: { limits } });
    const session = connectHttp2(server.baseUrl);
    const stream = session.request({
      ":method": "POST",
      ":path": "/querier.v1.QuerierService/LabelNames",
      "content-type": "application/proto",
      ...headers,
    });
    stream.on("error", () => undefined).write("x");
    await once(stream, "close");
    expect(stream.rstCode).not.toBe(0);
    session.close();
  });
});
