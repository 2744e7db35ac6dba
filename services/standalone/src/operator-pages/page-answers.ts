import { Code } from "@hearth/errors";
import { httpStatusOf } from "@hearth/rpc";
import { sendPlainError } from "@hearth/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { PAGE_POLICY, renderErrorPage } from "./page-frame.ts";
import { isCrossSite } from "./same-origin.ts";

const MAX_FORM_BYTES = 4096;

/** Lets the routes of `scope` take forms: their bodies are {@link URLSearchParams}. */
export function acceptForms(scope: FastifyInstance): void {
  scope.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: MAX_FORM_BYTES },
    (_, body, parsed) => parsed(null, new URLSearchParams(String(body))),
  );
}

/** What a request's form holds; nothing when it has none. */
export function formOf({ body }: FastifyRequest): URLSearchParams {
  return body instanceof URLSearchParams ? body : new URLSearchParams();
}

/** A page, which is neither kept nor framed by anybody. */
export function sendPage(reply: FastifyReply, page: string): FastifyReply {
  return reply
    .type("text/html; charset=utf-8")
    .header("Cache-Control", "no-store")
    .header("Content-Security-Policy", PAGE_POLICY)
    .header("X-Content-Type-Options", "nosniff")
    .send(page);
}

/** The same for programs. */
export function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.header("Cache-Control", "no-store").type("application/json").send(value);
}

export function wantsJson({ headers }: FastifyRequest): boolean {
  return (headers.accept ?? "").includes("application/json");
}

/** Whether a page of another site sent the request: such a one must change nothing. */
export function isForeign({ headers, host }: FastifyRequest): boolean {
  const fetchSite = headers["sec-fetch-site"];
  return isCrossSite({ fetchSite: fetchSite?.toString(), origin: headers.origin, host });
}

export interface PageRefusal {
  readonly code: Code;
  readonly reason: string;
  /** Where to look again: a relative link. */
  readonly back: string;
}

/** Says why something was not done, in the form that was asked for. */
export function refuse(
  request: FastifyRequest,
  reply: FastifyReply,
  { code, reason, back }: PageRefusal,
): FastifyReply {
  const status = httpStatusOf(code);
  if (wantsJson(request)) return sendPlainError(reply, { status, code, message: reason });
  return sendPage(reply.code(status), renderErrorPage({ reason, back }));
}

/** For one that {@link isForeign}. */
export function refuseForeign(request: FastifyRequest, reply: FastifyReply, back: string): FastifyReply {
  const reason = "a page of another site cannot ask for this";
  return refuse(request, reply, { code: Code.PermissionDenied, reason, back });
}
