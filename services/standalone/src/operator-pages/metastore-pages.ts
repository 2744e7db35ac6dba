import type { Routes } from "@hearth/server";

import { compactionRoutes } from "../compaction-page/compaction-routes.ts";
import { metastoreNodesRoutes } from "../metastore-nodes/metastore-nodes.ts";
import type { ProcessContext } from "../process-context.ts";

/** The pages about what the metastore knows and does. In a process that runs one: to be called once that one offers its services. */
export async function metastorePages(context: ProcessContext): Promise<readonly Routes[]> {
  const metastore = await context.transportTo("metastore", context.settings.addresses.metastore);
  return [await metastoreNodesRoutes(context), compactionRoutes(metastore)];
}
