import { type BuildInfo, buildInfoAnswer, type MetricRegistry } from "@hearth/telemetry";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import type { CheckResult, Readiness } from "./readiness.ts";

/** What an operator may ask a process. */
export interface OperationsDeps {
  readonly readiness: Pick<Readiness, "evaluate">;
  readonly registry: MetricRegistry;
  readonly buildInfo: BuildInfo;
  readonly config: ConfigPages;
}

/** The settings as YAML, without secrets. */
export interface ConfigPages {
  /** In force now. */
  readonly current: () => string;
  /** Only what differs from the defaults. */
  readonly diff: () => string;
  readonly defaults: () => string;
}

const TEXT = "text/plain; charset=utf-8";

/** Probes, metrics and status. They need no tenant and may move to a listener of their own. */
export function operationsRoutes(deps: OperationsDeps): (app: FastifyInstance) => void {
  const { readiness, registry, buildInfo, config } = deps;
  return (app) => {
    app.get("/ready", async (request, reply) => answerReady(request, reply, await readiness.evaluate()));
    app.get("/live", (_, reply) => reply.type(TEXT).send("alive\n"));
    app.get("/metrics", async (_, reply) => {
      const { contentType, body } = await registry.expose();
      return reply.type(contentType).send(body);
    });
    app.get("/api/v1/status/buildinfo", (_, reply) => reply.send(buildInfoAnswer(buildInfo)));
    app.get("/api/v1/status/config", (_, reply) => reply.type(TEXT).send(config.current()));
    app.get("/api/v1/status/config/diff", (_, reply) => reply.type(TEXT).send(config.diff()));
    app.get("/api/v1/status/config/default", (_, reply) => reply.type(TEXT).send(config.defaults()));
  };
}

/** As text, `ready` or the first reason why not; each check by itself as JSON for those who ask. */
function answerReady(
  request: FastifyRequest,
  reply: FastifyReply,
  results: readonly CheckResult[],
): FastifyReply {
  const failed = results.find((result) => !result.ready);
  reply.code(failed === undefined ? 200 : 503).header("X-Content-Type-Options", "nosniff");
  if (wantsDetails(request)) return reply.send({ ready: failed === undefined, checks: results });
  const text = failed === undefined ? "ready" : `${failed.name} not ready: ${failed.reason ?? ""}`;
  return reply.type(TEXT).send(`${text}\n`);
}

function wantsDetails(request: FastifyRequest): boolean {
  const query = request.query as Readonly<Record<string, unknown>>;
  return "verbose" in query || (request.headers.accept ?? "").includes("application/json");
}
