import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from "node:tls";

import { invariant } from "@hearth/errors";
import {
  acceptAnyUtf8,
  type RequestMetrics,
  serverInterceptors,
  type ServiceRegistration,
  type TenantResolver,
} from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import { fastify, type FastifyInstance } from "fastify";

import { type ConnectionLimits, DualProtocolServer } from "./dual-protocol-server.ts";
import { directRoute } from "./direct-route.ts";
import { dropEndlessTimeouts } from "./endless-timeouts.ts";
import { type HealthStatus, healthService } from "./health.ts";
import { countRequests, type RequestCounting } from "./http-metrics.ts";
import { answerUnrouted } from "./not-found.ts";
import { plainErrorHandler } from "./plain-errors.ts";
import { keepFirstTenantHeader } from "./repeated-headers.ts";
import { compressPlainAnswers } from "./response-gzip.ts";
import { rpcRoutes, type RpcRoutesOptions } from "./rpc-routes.ts";
import { traceRequests } from "./trace-requests.ts";

export interface ListenerSettings {
  readonly host: string;
  /** 0 takes a free port; see {@link HearthServer.port}. */
  readonly port: number;
  /** Moves all routes, such as `/profiles`; empty for none. */
  readonly pathPrefix: string;
  readonly limits: ConnectionLimits;
  /** Largest request body of plain routes, and RPC message of services that set no limit of their own. */
  readonly readMaxBytes: number;
  /** Longest time a unary call may take. */
  readonly maxCallMs: number;
  /** How long closing waits for requests in flight before it cuts them. */
  readonly gracefulShutdownTimeoutMs: number;
  /** Encrypts every connection; options of Node's `tls.createServer`. Without TLS when absent. */
  readonly tls?: TlsOptions;
}

/** From the connection to its encryption. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** Adds plain routes. They are served below the path prefix. */
export type Routes = (app: FastifyInstance) => void | Promise<void>;

export interface ServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RequestMetrics;
  readonly health: HealthStatus;
  readonly services: readonly ServiceRegistration[];
  readonly routes: readonly Routes[];
  /**
   * Present on a listener for clients: tenants come from headers, and requests are counted as HTTP requests. Between our
   * own processes it is absent: messages name their tenants, calls are counted as RPCs, and nothing is compressed.
   */
  readonly resolveTenants?: TenantResolver;
}

export const defaultLimits: ConnectionLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 120_000,
  stallTimeoutMs: 180_000,
  maxConcurrentStreams: 250,
  maxConnections: 10_000,
};

/** A listener: one port, all protocols. Nothing is opened before `listen`. */
export function createServer(settings: ListenerSettings, deps: ServerDeps): HearthServer {
  return new HearthServer(settings, deps);
}

/** Serves RPCs and plain routes. */
export class HearthServer implements AsyncDisposable {
  readonly #settings: ListenerSettings;
  readonly #clock: Clock;
  readonly #server: DualProtocolServer;
  readonly #app: FastifyInstance;
  readonly #closing = new AbortController();
  /** Listens in the place of the server, and hands it the decrypted connections. */
  readonly #tls: TlsServer | undefined;
  #closed: Promise<void> | undefined;

  constructor(settings: ListenerSettings, deps: ServerDeps) {
    this.#settings = settings;
    this.#clock = deps.clock;
    acceptAnyUtf8();
    this.#server = new DualProtocolServer(settings.limits);
    const rpc = rpcOptions(settings, deps, this.#closing.signal);
    const counting = deps.resolveTenants && { metrics: deps.metrics, clock: deps.clock };
    let requestCount = 0;
    const nextRequestId = (): string => String(++requestCount);
    const direct = directRoute({ ...rpc, ...settings, counting, nextRequestId });
    this.#app = createApp(this.#server, settings, nextRequestId, (request, response) => {
      // While closing, Fastify refuses what is new.
      return !this.#closing.signal.aborted && direct(request, response);
    });
    addRoutes(this.#app, settings, { ...deps, rpc, counting });
    this.#tls = settings.tls && tlsInFrontOf(this.#server, settings.tls);
  }

  /** @throws when the port is taken. */
  async listen(): Promise<void> {
    const { host, port } = this.#settings;
    if (!this.#tls) {
      await this.#app.listen({ host, port });
      return;
    }
    await this.#app.ready();
    this.#tls.listen(port, host);
    await once(this.#tls, "listening");
  }

  /** The port it listens on. */
  get port(): number {
    const address = (this.#tls ?? this.#server).address();
    invariant(address !== null && typeof address === "object", "the server listens");
    return address.port;
  }

  /** Lets the process end while it listens: for tools. */
  unref(): void {
    (this.#tls ?? this.#server).unref();
  }

  /**
   * Stops listening, ends watches, cuts idle connections, and waits for requests in flight; after the time allowed they
   * are cut too. Closing twice is harmless.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.#tls?.close();
    const drained = new AbortController();
    const cut = this.#clock
      .sleep(this.#settings.gracefulShutdownTimeoutMs, drained.signal)
      .then(() => this.#server.closeAllConnections())
      .catch(() => undefined);
    await this.#app.close();
    drained.abort();
    await cut;
  }
}

function tlsInFrontOf(server: DualProtocolServer, options: TlsOptions): TlsServer {
  const front = createTlsServer({ ...options, handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, (socket) => {
    server.emit("connection", socket);
  });
  // A caller without a certificate, or that speaks something else, is cut by Node; it is nobody's failure here.
  return front.on("tlsClientError", () => undefined);
}

/** @param takes - answers what need not go through Fastify, and says whether it did. */
function createApp(
  server: DualProtocolServer,
  settings: ListenerSettings,
  nextRequestId: () => string,
  takes: (request: IncomingMessage, response: ServerResponse) => boolean,
): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: settings.readMaxBytes,
    genReqId: nextRequestId,
    serverFactory: (handler) =>
      server.on("request", (request, response) => {
        if (!takes(request, response)) handler(request, response);
      }),
  });
}

function addRoutes(
  app: FastifyInstance,
  settings: ListenerSettings,
  {
    rpc,
    counting,
    ...deps
  }: ServerDeps & {
    readonly rpc: RpcRoutesOptions;
    readonly counting: RequestCounting | undefined;
  },
): void {
  app.addHook("onRequest", (request, _, done) => {
    keepFirstTenantHeader(request.raw);
    dropEndlessTimeouts(request.raw.headers);
    done();
  });
  if (counting) countRequests(app, counting);
  answerUnrouted(app);
  app.setErrorHandler(plainErrorHandler(deps.logger));
  void app.register(
    async (scope) => {
      await scope.register(rpcRoutes(rpc));
      await scope.register(async (plain) => {
        traceRequests(plain);
        compressPlainAnswers(plain);
        for (const addTo of deps.routes) await addTo(plain);
      });
    },
    { prefix: settings.pathPrefix },
  );
}

function rpcOptions(settings: ListenerSettings, deps: ServerDeps, closing: AbortSignal): RpcRoutesOptions {
  const { logger, clock, resolveTenants } = deps;
  const isInternal = resolveTenants === undefined;
  return {
    services: [...deps.services, healthService(deps.health, closing)],
    interceptors: serverInterceptors({
      logger,
      clock,
      maxDurationMs: settings.maxCallMs,
      ...(isInternal ? { metrics: deps.metrics } : {}),
    }),
    resolveTenants,
    readMaxBytes: settings.readMaxBytes,
    compress: !isInternal,
  };
}
