import type { FastifyInstance, FastifyRequest } from "fastify";
import { clientSignal, tenantOf, type WriteRouteDeps } from "./write-request.ts";

/** Holds the good answers of all routes of `scope` back for as long as their tenant's artificial delay says. */
export function holdAnswers(scope: FastifyInstance, deps: WriteRouteDeps): void {
  const began = new WeakMap<FastifyRequest, number>();
  scope.addHook("onRequest", async (request) => {
    began.set(request, deps.delay.begin());
  });
  scope.addHook("onSend", async (request, reply) => {
    const beganMs = began.get(request);
    if (beganMs === undefined || reply.statusCode >= 400) return;
    await deps.delay.hold({
      tenant: tenantOf(request, deps),
      beganMs,
      signal: clientSignal(reply),
      setHeader: (name, value) => void reply.header(name, value),
    });
  });
}
