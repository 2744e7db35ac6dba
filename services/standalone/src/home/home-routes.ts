import type { MetastoreClients } from "@hearth/clients";
import type { Clock } from "@hearth/runtime";
import type { Readiness } from "@hearth/server";
import { DEFAULT_TENANT, parseTenants, TENANT_HEADER } from "@hearth/tenancy";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { renderHomePage, type HomeService, type HomeTenant } from "./home-page.ts";

export interface HomeDeps {
  readonly metastore: MetastoreClients;
  readonly readiness: () => Readiness;
  readonly clock: Clock;
  readonly version: string;
  readonly multitenancyEnabled: boolean;
}

/** The page lists the services of so long before the newest profile. */
const SHOWN_MS = 24 * 3600 * 1000;

/** `/`: a plain page for whoever opens the address in a browser. */
export function registerHomeRoutes(app: FastifyInstance, deps: HomeDeps): void {
  app.get("/", async (request, reply) => {
    const slash = redirectToSlash(request.url);
    if (slash !== undefined) return reply.redirect(slash);
    const failed = (await deps.readiness().evaluate()).find((result) => !result.ready);
    const tenants = failed === undefined ? tenantsOf(request, deps.multitenancyEnabled) : [];
    const page = renderHomePage({
      version: deps.version,
      ready: failed === undefined,
      reason: failed && `${failed.name}: ${failed.reason ?? ""}`,
      address: addressOf(request),
      multitenancyEnabled: deps.multitenancyEnabled,
      nowMs: deps.clock.nowMs(),
      tenants: await Promise.all(tenants.map((tenant) => describeTenant(deps.metastore, tenant))),
    });
    return reply.type("text/html; charset=utf-8").header("Cache-Control", "no-store").send(page);
  });
}

/** Whoever may open the page without saying whose data it is about sees nobody's. */
function tenantsOf({ headers }: FastifyRequest, multitenancyEnabled: boolean): readonly string[] {
  if (!multitenancyEnabled) return [DEFAULT_TENANT];
  const header = headers[TENANT_HEADER];
  return header === undefined ? [] : parseTenants(String(header));
}

/** Where the browser found the page, with the path below which everything is served. */
function addressOf(request: FastifyRequest): string {
  const [path = ""] = request.url.split("?", 1);
  return `${request.protocol}://${request.host}${path.replace(/\/+$/, "")}`;
}

/**
 * Links of the page are relative, and count from the folder it is in: below a path prefix its address must end with a
 * slash. Relative, too, since a proxy in front may have put more before it.
 */
export function redirectToSlash(url: string): string | undefined {
  const [path = ""] = url.split("?", 1);
  if (path.endsWith("/")) return undefined;
  const folder = path.slice(path.lastIndexOf("/") + 1);
  return `${folder}/${url.slice(path.length)}`;
}

async function describeTenant(metastore: MetastoreClients, tenant: string): Promise<HomeTenant> {
  const stats = await metastore.tenants.getTenant({ tenant });
  const untilMs = Number(stats.newestProfileTimeMs);
  const fromMs = Math.max(Number(stats.oldestProfileTimeMs), untilMs - SHOWN_MS);
  return {
    name: tenant,
    sizeBytes: Number(stats.sizeBytes),
    blockCount: Number(stats.blockCount),
    lastPushMs: Number(stats.lastIngestTimeMs),
    fromMs,
    untilMs,
    services: stats.dataIngested ? await servicesOf(metastore, { tenant, fromMs, untilMs }) : [],
  };
}

/** Sorted by name, and their profile types, too. */
async function servicesOf(
  metastore: MetastoreClients,
  { tenant, fromMs, untilMs }: { tenant: string; fromMs: number; untilMs: number },
): Promise<HomeService[]> {
  const { labelSets } = await metastore.metadataQuery.queryMetadataLabels({
    tenants: [tenant],
    startTimeMs: BigInt(fromMs),
    endTimeMs: BigInt(untilMs),
    labelNames: ["service_name", "__profile_type__"],
  });
  const services = new Map<string, Set<string>>();
  for (const { labels } of labelSets) {
    const value = (name: string): string => labels.find((label) => label.name === name)?.value ?? "";
    const types = services.get(value("service_name")) ?? new Set();
    services.set(value("service_name"), types.add(value("__profile_type__")));
  }
  return Array.from(services, ([name, profileTypes]) => ({
    name,
    profileTypes: [...profileTypes].sort(),
  })).sort((left, right) => (left.name < right.name ? -1 : 1));
}
