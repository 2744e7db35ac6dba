import type { MetadataClient } from "@hearth/query-frontend";
import type { Clock } from "@hearth/runtime";
import type { Readiness } from "@hearth/server";
import type { FastifyInstance } from "fastify";
import type { TenantDirectory } from "../clients.ts";
import { renderHomePage, type HomeTenant } from "./home-page.ts";

export interface HomeDeps {
  readonly metadata: MetadataClient & TenantDirectory;
  readonly readiness: Readiness;
  readonly clock: Clock;
  readonly version: string;
  readonly multitenancyEnabled: boolean;
}

/** The page lists no more tenants than this. */
const MAX_TENANTS = 50;

/** `/`: a plain page for whoever opens the address in a browser. */
export function registerHomeRoutes(app: FastifyInstance, deps: HomeDeps): void {
  app.get("/", async (request, reply) => {
    const failed = (await deps.readiness.evaluate()).find((result) => !result.ready);
    const signal = AbortSignal.any([]);
    const page = renderHomePage({
      version: deps.version,
      ready: failed === undefined,
      reason: failed && `${failed.name}: ${failed.reason ?? ""}`,
      address: `${request.protocol}://${request.host}`,
      multitenancyEnabled: deps.multitenancyEnabled,
      nowMs: deps.clock.nowMs(),
      tenants: failed === undefined ? await tenantsOf(deps.metadata, signal) : [],
    });
    return reply.type("text/html; charset=utf-8").header("Cache-Control", "no-store").send(page);
  });
}

async function tenantsOf(metadata: HomeDeps["metadata"], signal: AbortSignal): Promise<HomeTenant[]> {
  const { tenants } = await metadata.getTenants(signal);
  return Promise.all(tenants.slice(0, MAX_TENANTS).map((tenant) => describeTenant(metadata, tenant, signal)));
}

async function describeTenant(
  metadata: HomeDeps["metadata"],
  tenant: string,
  signal: AbortSignal,
): Promise<HomeTenant> {
  const stats = await metadata.getTenant({ tenant }, signal);
  const { labelSets } = await metadata.queryMetadataLabels(
    {
      tenants: [tenant],
      startTimeMs: stats.oldestProfileTimeMs,
      endTimeMs: stats.newestProfileTimeMs,
      labelNames: ["service_name", "__profile_type__"],
    },
    signal,
  );
  const services = new Map<string, string[]>();
  for (const { labels } of labelSets) {
    const value = (name: string): string => labels.find((label) => label.name === name)?.value ?? "";
    services.set(value("service_name"), [
      ...(services.get(value("service_name")) ?? []),
      value("__profile_type__"),
    ]);
  }
  return {
    name: tenant,
    sizeBytes: Number(stats.sizeBytes),
    blockCount: Number(stats.blockCount),
    lastPushMs: Number(stats.lastIngestTimeMs),
    services: Array.from(services, ([name, profileTypes]) => ({ name, profileTypes: profileTypes.sort() })),
  };
}
