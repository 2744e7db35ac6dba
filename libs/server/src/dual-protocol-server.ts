import { Server as Http1Server } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";

import { Http1Connections } from "./http1-connections.ts";
import { sniffProtocol } from "./http2-preface.ts";

export interface ConnectionLimits {
  /** From the first byte of a request to the end of its headers, and for a new connection to say what it speaks. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last of its body. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be without a request. Must exceed that of a load balancer in front. */
  readonly idleTimeoutMs: number;
  /** How long a connection may be silent while a request is worked on or an answer is read. */
  readonly stallTimeoutMs: number;
  /** Streams at once on one HTTP/2 connection. */
  readonly maxConcurrentStreams: number;
  /** Connections at once. */
  readonly maxConnections: number;
}

const MAX_HEADER_BYTES = 16 << 10;
/** Large windows: a push of some megabytes should not wait for the acknowledgement of each 64 KiB. */
const STREAM_WINDOW_BYTES = 4 << 20;
const SESSION_WINDOW_BYTES = 16 << 20;

/**
 * HTTP/1.1 and HTTP/2 without TLS on one port, told apart by the first bytes of each connection. It *is* an HTTP/1.1
 * server, so that listening, time-outs and the tracking of idle connections are Node's own; HTTP/2 connections are
 * handed to a second server that never listens, and its requests are emitted here.
 *
 * Not offered: `Upgrade: h2c`, which RFC 9113 removed.
 */
export class DualProtocolServer extends Http1Server {
  readonly #http2: Http2Server;
  readonly #limits: ConnectionLimits;
  readonly #acceptHttp1: readonly ((socket: Socket) => void)[];
  /** Connections whose protocol is not known yet. */
  readonly #undecided = new Set<Socket>();
  readonly #http1 = new Http1Connections();
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(limits: ConnectionLimits) {
    super({ noDelay: true, keepAlive: true, maxHeaderSize: MAX_HEADER_BYTES });
    this.#limits = limits;
    this.headersTimeout = limits.headersTimeoutMs;
    this.requestTimeout = limits.requestTimeoutMs;
    this.keepAliveTimeout = limits.idleTimeoutMs;
    this.timeout = limits.stallTimeoutMs;
    this.maxConnections = limits.maxConnections;
    this.#http2 = this.#createHttp2();
    this.#acceptHttp1 = this.listeners("connection") as ((socket: Socket) => void)[];
    this.removeAllListeners("connection");
    this.on("connection", (socket: Socket) => this.#onConnection(socket));
    this.on("request", (request, response) => {
      if (request.httpVersionMajor === 1) this.#http1.begin(request.socket, response);
    });
  }

  /** Stops listening and cuts what is idle; HTTP/2 clients get GOAWAY. Requests in flight finish. */
  override close(callback?: (error?: Error) => void): this {
    super.close(callback);
    this.closeIdleConnections();
    return this;
  }

  override closeIdleConnections(): void {
    this.#cutUndecided();
    this.#http1.close();
    for (const session of this.#sessions) session.close();
  }

  /** Cuts everything, requests in flight included. */
  override closeAllConnections(): void {
    super.closeAllConnections();
    this.#cutUndecided();
    for (const session of this.#sessions) session.destroy();
  }

  #cutUndecided(): void {
    for (const socket of this.#undecided) socket.destroy();
  }

  #onConnection(socket: Socket): void {
    this.#undecided.add(socket);
    sniffProtocol(socket, this.#limits.headersTimeoutMs, (protocol) => {
      this.#undecided.delete(socket);
      if (protocol === "http2") this.#http2.emit("connection", socket);
      else if (protocol === "http1") this.#onHttp1(socket);
    });
  }

  #onHttp1(socket: Socket): void {
    this.#http1.add(socket);
    for (const accept of this.#acceptHttp1) accept.call(this, socket);
  }

  #createHttp2(): Http2Server {
    const server = createHttp2Server({
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: this.#limits.maxConcurrentStreams,
        maxHeaderListSize: MAX_HEADER_BYTES,
      },
    });
    return (
      server
        .on("session", (session) => this.#onSession(session))
        .on("stream", (stream) => this.#onStream(stream))
        .on("sessionError", (error) => this.emit("sessionError", error))
        // Node's compatibility layer makes objects of the same shape: whoever listens for requests gets them all.
        .on("request", (request, response) => this.emit("request", request, response))
    );
  }

  #onSession(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    session.setTimeout(this.#limits.idleTimeoutMs, () => session.close());
    session.once("close", () => this.#sessions.delete(session));
  }

  /**
   * A client that stops in the middle of its request's body loses the stream, not the connection. What it sends after
   * the answer is read and dropped: unread, it would keep the stream open.
   */
  #onStream(stream: ServerHttp2Stream): void {
    stream.setTimeout(this.#limits.requestTimeoutMs, () => {
      if (stream.readableEnded) return;
      stream.close(constants.NGHTTP2_CANCEL);
      stream.destroy();
    });
    // The compatibility layer's listener would pause it again on behalf of a reader that is gone.
    stream.once("finish", () => stream.removeAllListeners("data").resume());
  }
}
