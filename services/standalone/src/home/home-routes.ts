import type { MetastoreClients } from "@hearth/clients";
import type { Clock } from "@hearth/runtime";
import type { Readiness } from "@hearth/server";
import type { FastifyInstance } from "fastify";
import { renderHomePage, type HomeTenant } from "./home-page.ts";

export interface HomeDeps {
  readonly metastore: MetastoreClients;
  readonly readiness: () => Readiness;
  readonly clock: Clock;
  readonly version: string;
  readonly multitenancyEnabled: boolean;
}

/** The page lists no more tenants than this. */
const MAX_TENANTS = 50;

/** `/`: a plain page for whoever opens the address in a browser. */
export function registerHomeRoutes(app: FastifyInstance, deps: HomeDeps): void {
  app.get("/", async (request, reply) => {
    const failed = (await deps.readiness().evaluate()).find((result) => !result.ready);
    const page = renderHomePage({
      version: deps.version,
      ready: failed === undefined,
      reason: failed && `${failed.name}: ${failed.reason ?? ""}`,
      address: `${request.protocol}://${request.host}`,
      multitenancyEnabled: deps.multitenancyEnabled,
      nowMs: deps.clock.nowMs(),
      tenants: failed === undefined ? await tenantsOf(deps.metastore) : [],
    });
    return reply.type("text/html; charset=utf-8").header("Cache-Control", "no-store").send(page);
  });
}

async function tenantsOf(metastore: MetastoreClients): Promise<HomeTenant[]> {
  const { tenants } = await metastore.tenants.getTenants({});
  return Promise.all(tenants.slice(0, MAX_TENANTS).map((tenant) => describeTenant(metastore, tenant)));
}

async function describeTenant(metastore: MetastoreClients, tenant: string): Promise<HomeTenant> {
  const stats = await metastore.tenants.getTenant({ tenant });
  const { labelSets } = await metastore.metadataQuery.queryMetadataLabels({
    tenants: [tenant],
    startTimeMs: stats.oldestProfileTimeMs,
    endTimeMs: stats.newestProfileTimeMs,
    labelNames: ["service_name", "__profile_type__"],
  });
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
