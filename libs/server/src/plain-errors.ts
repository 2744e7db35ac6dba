import { Code } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { httpStatusOf, isExpected, retryAfterSeconds, toConnectError } from "@hearth/rpc";
import { activeTraceId, type Logger } from "@hearth/telemetry";
import { DomainError } from "@hearth/errors";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Answers a plain route with an error in the shape that clients know: `{"code", "message"}`. */
export function sendPlainError(
  reply: FastifyReply,
  error: { readonly status: number; readonly code: Code; readonly message: string },
): FastifyReply {
  return reply
    .code(error.status)
    .header("X-Content-Type-Options", "nosniff")
    .type("application/json")
    .send(JSON.stringify({ code: codeToString(error.code), message: error.message }));
}

/** The error handler of plain routes: our errors by their code, Fastify's by their status, defects hidden and logged. */
export function plainErrorHandler(
  logger: Logger,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return sendPlainError(reply, refusal);
    const { code, rawMessage: message } = toConnectError(error);
    if (!isExpected(error) || code === Code.Internal || code === Code.DataLoss) {
      logger.error("request failed", {
        method: `${request.method} ${request.routeOptions.url ?? ""}`,
        tenant: String(request.headers["x-scope-orgid"] ?? ""),
        requestId: request.id,
        traceId: activeTraceId(),
        error,
      });
    }
    if (error instanceof DomainError && error.retryAfterMs !== undefined) {
      reply.header("Retry-After", retryAfterSeconds(error.retryAfterMs));
    }
    return sendPlainError(reply, { status: httpStatusOf(code), code, message });
  };
}

/** What Fastify itself refuses: a body that is too large, cannot be parsed, or has no type that the route takes. */
function refusalOf(error: unknown): { status: number; code: Code; message: string } | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || isExpected(error)) return undefined;
  const status = error.statusCode;
  if (typeof status !== "number" || status < 400 || status >= 500) return undefined;
  return { status, code: CODE_OF_STATUS.get(status) ?? Code.InvalidArgument, message: error.message };
}

const CODE_OF_STATUS: ReadonlyMap<number, Code> = new Map([
  [401, Code.Unauthenticated],
  [403, Code.PermissionDenied],
  [404, Code.NotFound],
  [408, Code.DeadlineExceeded],
  [413, Code.ResourceExhausted],
  [429, Code.ResourceExhausted],
]);
