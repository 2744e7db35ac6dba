import type { IncomingMessage, ServerResponse } from "node:http";

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { createContextValues, createHandlerContext, type Interceptor } from "@connectrpc/connect";
import { invokeUnaryImplementation } from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { CanceledError, InvalidArgumentError } from "@hearth/errors";
import {
  binaryOptions,
  CALL_IS_OVER,
  httpStatusOf,
  requestGate,
  requestIdKey,
  type ServiceRegistration,
  type TenantResolver,
  toConnectError,
  type UnaryMethod,
  unaryMethods,
} from "@hearth/rpc";

import { dropEndlessTimeouts } from "./endless-timeouts.ts";
import { countRequest, type RequestCounting, routeLabel } from "./http-metrics.ts";
import { readBody } from "./read-body.ts";
import { keepFirstTenantHeader } from "./repeated-headers.ts";

const CONTENT_TYPE = "application/proto";

export interface DirectRouteOptions {
  readonly services: readonly ServiceRegistration[];
  readonly interceptors: readonly Interceptor[];
  readonly pathPrefix: string;
  readonly readMaxBytes: number;
  /** Present on a listener for clients. */
  readonly resolveTenants: TenantResolver | undefined;
  /** Present where requests are counted as HTTP requests. */
  readonly counting: RequestCounting | undefined;
  readonly nextRequestId: () => string;
}

/** A method behind this door. */
interface DirectMethod extends UnaryMethod {
  /** Its path as metrics name it. */
  readonly label: string;
  /** Asked before the body is read; throws. */
  readonly gate: ReturnType<typeof requestGate>;
}

/**
 * A second door for calls that are made all the time: unary, binary, uncompressed, over HTTP/1.1. It speaks the same
 * Connect protocol and passes the same gate and interceptors, but not through Fastify and Connect's pipeline of streams,
 * which cost several times what the call itself does.
 *
 * Our own processes may make any call through it, clients those whose answer is empty, which are the pushes of agents:
 * other answers may have to be compressed.
 *
 * @returns a handler that says whether it took the request; what it did not take is for the other door.
 */
export function directRoute(
  options: DirectRouteOptions,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const methods = directMethods(options);
  return (request, response) => {
    const method = isPlainCall(request) ? methods.get(request.url ?? "") : undefined;
    if (method === undefined) return false;
    dropEndlessTimeouts(request.headers);
    if (options.counting) {
      countRequest({ method: "POST", route: method.label }, request, response, options.counting);
    }
    void answer(method, options, request, response);
    return true;
  };
}

/** By path, with the prefix. */
function directMethods(options: DirectRouteOptions): ReadonlyMap<string, DirectMethod> {
  const methods = new Map<string, DirectMethod>();
  const gate = requestGate(options.resolveTenants);
  for (const [path, method] of unaryMethods(options.services, options.readMaxBytes)) {
    const hasEmptyAnswer = method.spec.method.output.fields.length === 0;
    if (options.resolveTenants !== undefined && !hasEmptyAnswer) continue;
    const url = options.pathPrefix + path;
    methods.set(url, { ...method, label: routeLabel(url), gate });
  }
  return methods;
}

function isPlainCall({ method, headers, httpVersionMajor }: IncomingMessage): boolean {
  return (
    httpVersionMajor === 1 &&
    method === "POST" &&
    headers["content-type"] === CONTENT_TYPE &&
    headers["content-encoding"] === undefined &&
    (headers["connect-protocol-version"] ?? "1") === "1"
  );
}

async function answer(
  method: DirectMethod,
  options: DirectRouteOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const body = await call(method, options, request, response);
    response.writeHead(200, { "content-type": CONTENT_TYPE, "content-length": body.length }).end(body);
  } catch (error) {
    sendError(response, error);
  }
}

async function call(
  { spec, readMaxBytes, gate }: DirectMethod,
  options: DirectRouteOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Uint8Array> {
  const timeoutMs = timeoutOf(request);
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new CanceledError("the caller hung up"));
  });
  keepFirstTenantHeader(request);
  const context = createHandlerContext({
    service: spec.method.parent,
    method: spec.method,
    protocolName: "connect",
    requestMethod: "POST",
    url: request.url ?? "",
    requestSignal: gone.signal,
    requestHeader: request.headers as Record<string, string>,
    contextValues: createContextValues().set(requestIdKey, options.nextRequestId()),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  try {
    gate(context);
    const body = await readBody(request, readMaxBytes);
    const input = decode(spec, body);
    const message = await invokeUnaryImplementation(spec, context, input, [...options.interceptors]);
    return toBinary(spec.method.output, message);
  } finally {
    for (const [name, value] of context.responseHeader) response.setHeader(name, value);
    context.abort(CALL_IS_OVER);
  }
}

function timeoutOf(request: IncomingMessage): number | undefined {
  const header = request.headers["connect-timeout-ms"];
  if (header === undefined) return undefined;
  if (typeof header === "string" && /^\d{1,10}$/.test(header)) return Number(header);
  throw new InvalidArgumentError(`protocol error: invalid connect timeout value: ${String(header)}`);
}

function decode({ method }: UnaryMethod["spec"], body: Uint8Array) {
  try {
    return fromBinary(method.input, body, binaryOptions);
  } catch (error) {
    throw new InvalidArgumentError(
      `parse binary: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const error = toConnectError(thrown);
  const body = errorToJsonBytes(error, undefined);
  // Headers of an error that came over the wire belong to that other answer.
  if (!error.isWireError) error.metadata.forEach((value, name) => response.setHeader(name, value));
  response
    .writeHead(httpStatusOf(error.code), {
      "content-type": "application/json",
      "content-length": body.length,
    })
    .end(body);
}
