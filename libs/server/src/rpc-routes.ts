import { type ContextValues, createContextValues, type Interceptor } from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import {
  binaryOptions,
  gzipCompression,
  jsonOptions,
  mountServices,
  requestGate,
  requestIdKey,
  type ServiceRegistration,
  type TenantResolver,
} from "@hearth/rpc";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { withClientMistakes } from "./client-mistakes.ts";
import { methodNotAllowed } from "./not-found.ts";
import { answerShortCall, isShortCall } from "./short-calls.ts";
import { withWrittenAnswers } from "./written-answers.ts";

export interface RpcRoutesOptions {
  readonly services: readonly ServiceRegistration[];
  readonly interceptors: readonly Interceptor[];
  /** Absent where requests name their tenants themselves: between our own processes. */
  readonly resolveTenants: TenantResolver | undefined;
  /** Largest message of services that set no limit of their own. */
  readonly readMaxBytes: number;
  /** Whether gzip is spoken; between our own processes it costs more than it saves. */
  readonly compress: boolean;
}

/** Serves `services` over Connect, gRPC and gRPC-Web. */
export function rpcRoutes(options: RpcRoutesOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    const handlers = new Map<string, UniversalHandler>();
    const compressions = options.compress ? [gzipCompression] : [];
    app.addHook("onRequest", (request, reply, done) => {
      const handler = handlers.get(request.routeOptions.url ?? "");
      if (handler === undefined) return done();
      if (refuse(request, reply, handler)) return;
      if (handler.method.methodKind !== "unary" || !isShortCall(request.raw)) return done();
      void answerShortCall(handler, { request, reply, contextValues: contextOf(request) }, done);
    });
    await app.register(fastifyConnectPlugin, {
      routes(router) {
        mountServices(router, options.services, options.readMaxBytes);
        for (const [index, handler] of router.handlers.entries()) {
          const mended = withClientMistakes(withWrittenAnswers(handler, compressions));
          handlers.set(app.prefix + handler.requestPath, mended);
          router.handlers[index] = mended;
        }
      },
      contextValues: contextOf,
      interceptors: [...options.interceptors],
      acceptCompression: compressions,
      jsonOptions,
      binaryOptions,
      requestGate: requestGate(options.resolveTenants),
    });
  };
}

function contextOf({ id }: FastifyRequest): ContextValues {
  return createContextValues().set(requestIdKey, id);
}

/**
 * Answers what is no call of the method, as connect-go does: 405 with `Allow`, 415 with `Accept-Post`, no body. Fastify
 * would answer with a body of its own and without these headers.
 *
 * @returns whether it answered.
 */
function refuse(request: FastifyRequest, reply: FastifyReply, handler: UniversalHandler): boolean {
  if (request.method === "POST") {
    if (handler.supportedContentType(request.headers["content-type"] ?? null)) return false;
    reply.code(415).header("Accept-Post", ACCEPTED_TYPES).send();
    return true;
  }
  // A method without side effects may be called by GET, but then the query says so.
  if (handler.allowedMethods.includes(request.method) && isConnectGet(request)) return false;
  methodNotAllowed(reply, ["POST"]);
  return true;
}

function isConnectGet(request: FastifyRequest): boolean {
  return "encoding" in (request.query as Readonly<Record<string, unknown>>);
}

const ACCEPTED_TYPES = [
  "application/grpc",
  "application/grpc+json",
  "application/grpc+proto",
  "application/grpc-web",
  "application/grpc-web+json",
  "application/grpc-web+proto",
  "application/json",
  "application/json; charset=utf-8",
  "application/proto",
].join(", ");
