import type { RequestMetrics } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";

/** What nginx calls a client that went away before its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Where requests are counted. */
export interface RequestCounting {
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
}

interface RequestLabels {
  readonly method: string;
  /** See {@link routeLabel}. */
  readonly route: string;
}

/** Counts requests of all protocols by route, from their headers to the end of their answer or of the connection. */
export function countRequests(app: FastifyInstance, counting: RequestCounting): void {
  app.addHook("onRequest", (request, reply, done) => {
    const labels = { method: request.method, route: routeLabel(request.routeOptions.url) };
    countRequest(labels, request.raw, reply.raw, counting);
    done();
  });
}

/** Counts one request, from now to the end of its answer or of the connection. */
export function countRequest(
  labels: RequestLabels,
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, clock }: RequestCounting,
): void {
  const startMs = clock.monotonicMs();
  metrics.inflightRequests.inc(labels);
  response.once("close", () => {
    metrics.inflightRequests.dec(labels);
    const elapsedSeconds = (clock.monotonicMs() - startMs) / 1000;
    metrics.requestSeconds.observe(
      { ...labels, status_code: String(statusOf(response)), ws: "false" },
      elapsedSeconds,
    );
    observeSizes(metrics, labels, request, response);
  });
}

/**
 * A path as dashboards name it: lower case, `_` for what is neither letter nor digit. Paths without a route share one
 * label, so that clients cannot make new ones.
 */
export function routeLabel(url: string | undefined): string {
  if (url === undefined) return "other";
  const label = url
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
  return label === "" ? "root" : label;
}

function statusOf(response: ServerResponse): number {
  return response.writableFinished ? response.statusCode : CLIENT_CLOSED_REQUEST;
}

/** Sizes that the headers state. */
function observeSizes(
  metrics: RequestMetrics,
  labels: RequestLabels,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const requestBytes = Number(request.headers["content-length"] ?? Number.NaN);
  if (requestBytes >= 0) metrics.requestBytes.observe(labels, requestBytes);
  const responseBytes = Number(response.getHeader("content-length") ?? Number.NaN);
  if (responseBytes >= 0) metrics.responseBytes.observe(labels, responseBytes);
}
