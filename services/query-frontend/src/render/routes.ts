import { CanceledError } from "@hearth/errors";
import { allowUtf8LabelNames, type TenantResolver } from "@hearth/rpc";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { QueryCall, QueryFrontend } from "../query-frontend.ts";
import { labelValuesOfLastHour } from "./label-values.ts";
import { renderDiff } from "./render-diff.ts";
import { render, renderDot } from "./render.ts";

export interface RenderRoutesDeps {
  readonly frontend: QueryFrontend;
  /** Throws for a request without a tenant, or with a bad one. */
  readonly resolveTenants: TenantResolver;
}

/** A text is answered as such, everything else as JSON. */
type Answer = (
  frontend: QueryFrontend,
  parameters: URLSearchParams,
  call: QueryCall,
) => Promise<string | object | null>;

/** The read API of older clients. Errors are thrown; the server in front says them as JSON. */
export function registerRenderRoutes(app: FastifyInstance, deps: RenderRoutesDeps): void {
  const answers: readonly (readonly [path: string, answer: Answer])[] = [
    ["/pyroscope/render", renderInFormat],
    ["/pyroscope/render-diff", renderDiff],
    ["/pyroscope/label-values", labelValuesOfLastHour],
  ];
  for (const [path, answer] of answers) {
    app.get(path, (request, reply) => respond(deps, answer, request, reply));
  }
}

const renderInFormat: Answer = (frontend, parameters, call) =>
  parameters.get("format") === "dot"
    ? renderDot(frontend, parameters, call)
    : render(frontend, parameters, call);

async function respond(
  { frontend, resolveTenants }: RenderRoutesDeps,
  answer: Answer,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const header = headersOf(request);
  const gone = new AbortController();
  const onClose = (): void => gone.abort(new CanceledError("the caller went away"));
  reply.raw.once("close", onClose);
  try {
    const call = {
      tenants: resolveTenants(header),
      acceptsUtf8LabelNames: allowUtf8LabelNames(header),
      answerForm: { type: "message" as const },
      signal: gone.signal,
    };
    const { searchParams } = new URL(request.url, "http://localhost");
    const body = await answer(frontend, searchParams, call);
    if (typeof body === "string") return reply.type("text/plain").send(body);
    return reply.type("application/json").send(JSON.stringify(body));
  } finally {
    reply.raw.off("close", onClose);
  }
}

function headersOf({ headers }: FastifyRequest): Headers {
  const values = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || name.startsWith(":") ? [] : [[name, String(value)] as [string, string]],
  );
  return new Headers(values);
}
