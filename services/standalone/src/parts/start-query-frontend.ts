import { metastoreClients, queryBackendClient } from "@hearth/clients";
import { QueryFrontendService } from "@hearth/query-frontend";
import type { Readiness } from "@hearth/server";
import { combineQueryLimits, type LimitsSource } from "@hearth/tenant-limits";
import { registerHomeRoutes } from "../home/home-routes.ts";
import { metastorePages } from "../operator-pages/metastore-pages.ts";
import type { ProcessContext } from "../process-context.ts";
import { version } from "../version.ts";
import type { Part } from "./part.ts";

/** Starts the query frontend, and the home page beside it. */
export async function startQueryFrontend(
  context: ProcessContext,
  limits: LimitsSource,
  readiness: () => Readiness,
): Promise<Part> {
  const { addresses, process, queryFrontend } = context.settings;
  const metastore = metastoreClients(await context.transportTo("metastore", addresses.metastore));
  const backend = queryBackendClient(await context.transportTo("query-backend", addresses.queryBackend));
  const frontend = new QueryFrontendService(queryFrontend, {
    ...context.shared,
    metadata: {
      queryMetadata: (request, signal) => metastore.metadataQuery.queryMetadata(request, { signal }),
      queryMetadataLabels: (request, signal) =>
        metastore.metadataQuery.queryMetadataLabels(request, { signal }),
      getTenant: (request, signal) => metastore.tenants.getTenant(request, { signal }),
    },
    deletions: {
      requestDeletion: (request, signal) => metastore.deletions.requestDeletion(request, { signal }),
      listDeletions: (request, signal) => metastore.deletions.listDeletions(request, { signal }),
    },
    backend: { invoke: (request, signal) => backend.invoke(request, { signal }) },
    limitsFor: (tenants) => combineQueryLimits(tenants.map((tenant) => limits.limitsFor(tenant))),
    logger: context.logger.child("query-frontend"),
  });
  context.opened.use(frontend);
  const home = {
    metastore,
    readiness,
    clock: context.clock,
    version,
    multitenancyEnabled: process.multitenancyEnabled,
  };
  return {
    publicServices: frontend.services,
    routes: [
      (app) => frontend.registerRoutes(app),
      (app) => registerHomeRoutes(app, home),
      // A metastore in the same process serves these pages already.
      ...(context.runs("metastore") ? [] : await metastorePages(context)),
    ],
    checks: [],
  };
}
