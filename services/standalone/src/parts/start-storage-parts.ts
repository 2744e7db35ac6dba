import { metastoreClients } from "@hearth/clients";
import { Metastore, type MetastoreDeps } from "@hearth/metastore";
import type { ObjectStore } from "@hearth/object-store";
import { QueryBackend } from "@hearth/query-backend";
import { SegmentWriterService } from "@hearth/segment-writer";
import { metastorePages } from "../operator-pages/metastore-pages.ts";
import type { ProcessContext } from "../process-context.ts";
import { version } from "../version.ts";
import { internalPart, type Part } from "./part.ts";

/** The parts that clients never call: what they offer goes to `context.services`. */

/** @param onFatal - told when it can register nothing any more. */
export async function startMetastore(
  context: ProcessContext,
  deps: Pick<MetastoreDeps, "objectStore" | "retentionMsOf" | "tierAgesOf">,
  onFatal: (problem: string) => void,
): Promise<Part> {
  const metastore = new Metastore(context.settings.metastore, {
    ...context.shared,
    requestMetrics: context.requestMetrics,
    ...deps,
    build: { version, revision: "" },
    logger: context.logger.child("metastore"),
    onFatal,
  });
  context.opened.use(metastore);
  await metastore.start();
  context.services.push(...metastore.services);
  return {
    ...internalPart([{ name: "metastore", check: () => metastore.readinessProblem() }]),
    routes: await metastorePages(context),
  };
}

export async function startSegmentWriter(context: ProcessContext, objectStore: ObjectStore): Promise<Part> {
  const transport = await context.transportTo("metastore", context.settings.addresses.metastore);
  const { index } = metastoreClients(transport);
  const writer = new SegmentWriterService(context.settings.segmentWriter, {
    ...context.shared,
    ...context.ingestThreads(),
    objectStore,
    index: { addBlocks: (request, signal) => index.addBlocks(request, { signal }) },
    logger: context.logger.child("segment-writer"),
  });
  context.opened.use(writer);
  await writer.start();
  context.services.push(...writer.services);
  return internalPart();
}

export function startQueryBackend(context: ProcessContext): Part {
  const backend = new QueryBackend(context.settings.queryBackend, {
    ...context.shared,
    storageDir: context.storageDir,
    logger: context.logger.child("query-backend"),
  });
  context.opened.use(backend);
  context.services.push(...backend.services);
  return internalPart();
}
