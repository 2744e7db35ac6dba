import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { Code, ConnectError } from "@connectrpc/connect";
import { createConnectTransport, Http2SessionManager } from "@connectrpc/connect-node";

import { binaryOptions } from "./codec-options.ts";
import { type ClientTls, type ClosableTransport, tlsOptions } from "./undici-transport.ts";

export interface Http2TransportSettings {
  /** `http://host:port`, or `https://host:port` with {@link Http2TransportSettings.tls}. */
  readonly origin: string;
  /** Until the connection is there, its encryption included. */
  readonly connectTimeoutMs: number;
  /** Largest answer. */
  readonly readMaxBytes: number;
  /** For mutual TLS; of no meaning to an `http` origin. */
  readonly tls?: ClientTls;
}

/**
 * Connect calls (binary, uncompressed) over one HTTP/2 connection, for streams that last: a message of one costs less than
 * half of what a small unary call costs. Failures reject with a `ConnectError`; see `fromConnectError`. Closing it cuts what
 * is under way.
 */
export function http2Transport(settings: Http2TransportSettings): ClosableTransport {
  const session = new Http2SessionManager(settings.origin, undefined, {
    createConnection: (authority) => openSocket(authority, settings),
  });
  const transport = createConnectTransport({
    httpVersion: "2",
    baseUrl: settings.origin,
    sessionManager: session,
    useBinaryFormat: true,
    binaryOptions,
    acceptCompression: [],
    readMaxBytes: settings.readMaxBytes,
  });
  return {
    unary: (...call) => transport.unary(...call),
    stream: (...call) => transport.stream(...call),
    [Symbol.asyncDispose]: () => {
      session.abort(new ConnectError("the connection was closed", Code.Canceled));
      return Promise.resolve();
    },
  };
}

function openSocket({ hostname, port }: URL, { connectTimeoutMs, tls }: Http2TransportSettings): Socket {
  // IPv6 addresses have brackets in URLs.
  const host = hostname.replace(/^\[|\]$/gu, "");
  // URLs leave out the port that goes without saying.
  const to = { host, port: Number(port || (tls ? 443 : 80)), noDelay: true };
  // Addresses are no names that a server can be asked for by.
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = tls
    ? connectTls({ ...to, ...name, ...tlsOptions(tls), ALPNProtocols: ["h2"] })
    : connectSocket(to);
  socket.setTimeout(connectTimeoutMs, () => {
    socket.destroy(new Error(`no connection in time: timeout_ms=${connectTimeoutMs}`));
  });
  return socket.once(tls ? "secureConnect" : "connect", () => socket.setTimeout(0));
}
