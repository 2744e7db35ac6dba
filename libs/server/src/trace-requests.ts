import { startRequestSpan, type RequestSpan } from "@hearth/telemetry";
import type { FastifyInstance } from "fastify";

/** Asked by machines every few seconds: traces of them tell nothing. */
const UNTRACED: ReadonlySet<string> = new Set(["/ready", "/live", "/metrics"]);

/**
 * Makes a span of each request to a plain route, from its headers to the end of its answer or of the connection. RPCs
 * have theirs from an interceptor.
 */
export function traceRequests(app: FastifyInstance): void {
  const spans = new WeakMap<object, RequestSpan>();
  app.addHook("onRequest", (request, reply, done) => {
    const route = request.routeOptions.url ?? "";
    if (!UNTRACED.has(route.slice(app.prefix.length))) {
      const span = startRequestSpan(`${request.method} ${route}`, {
        header: (name) => request.headers[name]?.toString(),
        attributes: { "http.request.method": request.method, "http.route": route },
      });
      spans.set(request, span);
      reply.raw.once("close", () => span.end(reply.raw.statusCode));
    }
    done();
  });
  // Not before: the body is read by events of the connection, which know nothing of the span.
  app.addHook("preHandler", (request, _reply, done) => {
    const span = spans.get(request);
    if (span) span.run(done);
    else done();
  });
}
