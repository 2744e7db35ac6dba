import type { RequestMetrics } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** What nginx calls a client that went away before its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Counts requests of all protocols by route, from their headers to the end of their answer or of the connection. */
export function countRequests(app: FastifyInstance, metrics: RequestMetrics, clock: Clock): void {
  app.addHook("onRequest", (request, reply, done) => {
    const startMs = clock.monotonicMs();
    const labels = { method: request.method, route: routeLabel(request.routeOptions.url) };
    metrics.inflightRequests.inc(labels);
    reply.raw.once("close", () => {
      metrics.inflightRequests.dec(labels);
      const elapsedSeconds = (clock.monotonicMs() - startMs) / 1000;
      metrics.requestSeconds.observe(
        { ...labels, status_code: String(statusOf(reply)), ws: "false" },
        elapsedSeconds,
      );
      observeSizes(metrics, labels, request, reply);
    });
    done();
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

function statusOf(reply: FastifyReply): number {
  return reply.raw.writableFinished ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST;
}

/** Sizes that the headers state. */
function observeSizes(
  metrics: RequestMetrics,
  labels: { method: string; route: string },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const requestBytes = Number(request.headers["content-length"] ?? Number.NaN);
  if (requestBytes >= 0) metrics.requestBytes.observe(labels, requestBytes);
  const responseBytes = Number(reply.raw.getHeader("content-length") ?? Number.NaN);
  if (responseBytes >= 0) metrics.responseBytes.observe(labels, responseBytes);
}
