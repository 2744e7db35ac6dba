import { plainErrorHandler } from "@hearth/server";
import { noopLogger } from "@hearth/telemetry";
import { TENANT_HEADER, tenantResolver } from "@hearth/tenancy";
import { fastify, type FastifyInstance } from "fastify";

import { registerIngestRoutes } from "../../src/ingest/ingest-route.ts";
import { registerOtlpRoutes } from "../../src/otlp/otlp-routes.ts";
import type { TestBench } from "./fakes.ts";

/** The plain routes, to be asked with `inject`: no port is opened. */
export async function testApp({ distributor, clock, delay }: TestBench): Promise<FastifyInstance> {
  const resolver = tenantResolver({ multitenancyEnabled: true });
  const resolveTenant = (header: Headers): string => resolver.forWrite(header.get(TENANT_HEADER));
  const app = fastify({ logger: false });
  app.setErrorHandler(plainErrorHandler(noopLogger));
  await registerIngestRoutes(app, { distributor, clock, delay, resolveTenant });
  await registerOtlpRoutes(app, { distributor, delay, resolveTenant });
  return app;
}
