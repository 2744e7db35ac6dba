import { metastoreClients } from "@hearth/clients";
import { CompactionWorkerService } from "@hearth/compaction-worker";
import type { ObjectStore } from "@hearth/object-store";
import type { ProcessContext } from "../process-context.ts";
import { internalPart, type Part } from "./part.ts";

/**
 * Starts the compaction worker, which nobody calls: it asks the metastore for jobs.
 *
 * @param onFatal - told when it cannot go on.
 */
export async function startCompactionWorker(
  context: ProcessContext,
  objectStore: ObjectStore,
  onFatal: (problem: string) => void,
): Promise<Part> {
  const transport = await context.transportTo("metastore", context.settings.addresses.metastore);
  const { compaction } = metastoreClients(transport);
  const worker = new CompactionWorkerService(context.settings.compactionWorker, {
    ...context.shared,
    objectStore,
    storageDir: context.storageDir,
    jobs: { pollJobs: (request, signal) => compaction.pollJobs(request, { signal }) },
    logger: context.logger.child("compaction-worker"),
    isShared: !context.runsOnly("compaction-worker"),
    onFatal,
  });
  context.opened.use(worker);
  await worker.start();
  return internalPart();
}
