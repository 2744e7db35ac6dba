import { CanceledError } from "@hearth/errors";
import { TENANT_HEADER } from "@hearth/tenancy";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ArtificialDelay } from "../push/artificial-delay.ts";
import type { Distributor } from "../push/distributor.ts";

/** What plain routes that take profiles have in common. */
export interface WriteRouteDeps {
  readonly distributor: Distributor;
  readonly delay: ArtificialDelay;
  /** The one tenant of a write. @throws {UnauthenticatedError} */
  readonly resolveTenant: (header: Headers) => string;
}

/** Answered with 413, which no code of an RPC stands for: the server's error handler looks at the status. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
  readonly statusCode = 413;

  constructor(limitBytes: number) {
    super(`request body too large: limit_bytes=${limitBytes}`);
  }
}

/** Hands bodies to the routes of `scope` as bytes, whatever their type is called. */
export function readBodiesAsBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
}

/** Refuses, before the body is read, whoever is no tenant and whoever announces more than the tenant may send. */
export function refuseByHeaders(scope: FastifyInstance, deps: WriteRouteDeps): void {
  scope.addHook("onRequest", async (request) => {
    const limitBytes = deps.distributor.maxBodyBytes(tenantOf(request, deps));
    checkBodySize(Number(request.headers["content-length"] ?? 0), limitBytes);
  });
}

/** @throws {UnauthenticatedError} */
export function tenantOf(request: FastifyRequest, deps: Pick<WriteRouteDeps, "resolveTenant">): string {
  const headers = new Headers();
  const tenant = request.headers[TENANT_HEADER];
  if (typeof tenant === "string") headers.set(TENANT_HEADER, tenant);
  return deps.resolveTenant(headers);
}

/** The body that {@link readBodiesAsBytes} read. @throws {BodyTooLargeError} */
export function bodyOf(request: FastifyRequest, limitBytes: number): Uint8Array {
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
  checkBodySize(body.length, limitBytes);
  return body;
}

/** @param limitBytes - 0 is no limit. @throws {BodyTooLargeError} */
export function checkBodySize(sizeBytes: number, limitBytes: number): void {
  if (limitBytes > 0 && sizeBytes > limitBytes) throw new BodyTooLargeError(limitBytes);
}

/** Aborts when the client goes away before it has its answer. */
export function clientSignal(reply: FastifyReply): AbortSignal {
  const abort = new AbortController();
  reply.raw.once("close", () => {
    if (!reply.raw.writableFinished) abort.abort(new CanceledError("the client went away"));
  });
  return abort.signal;
}
