import { blockObjectKey, type BlockLocation, type ObjectStore } from "@hearth/object-store";
import { retry, Semaphore, withTimeLimit, type Clock, type Random } from "@hearth/runtime";

import type { DeletionJob, JobOutcome } from "../jobs/job.ts";
import type { CompactionWorkerMetrics } from "../metrics.ts";
import { STORAGE_RETRIES } from "../storage-retry.ts";

export interface DeletionDeps {
  readonly objectStore: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Pick<CompactionWorkerMetrics, "blocksDeleted">;
}

const MAX_CONCURRENT_DELETIONS = 16;

/**
 * Deletes the objects of a job; one that is not there is as good as deleted. When some cannot be deleted the others are.
 *
 * @throws the signal's reason, when it aborts.
 */
export async function runDeletion(
  job: DeletionJob,
  limitMs: number,
  deps: DeletionDeps,
  signal: AbortSignal,
): Promise<JobOutcome> {
  const slots = new Semaphore(MAX_CONCURRENT_DELETIONS);
  const limit = { ms: limitMs, what: "deletion of objects" };
  const problems: string[] = [];
  const deleteAll = async (limited: AbortSignal): Promise<void> => {
    const one = (object: BlockLocation): Promise<void> =>
      slots.run(() => deleteOne(object, deps, limited), limited);
    const results = await Promise.allSettled(job.objects.map(one));
    problems.push(
      ...results.flatMap((result) => (result.status === "rejected" ? [String(result.reason)] : [])),
    );
  };
  try {
    await withTimeLimit(limit, deps.clock, deleteAll, signal);
  } catch (error) {
    problems.push(String(error));
  }
  signal.throwIfAborted();
  const [first] = problems;
  if (first === undefined) return { type: "deleted" };
  return { type: "failed", reason: `objects are not deleted: first_problem=${first}`, faults: [] };
}

async function deleteOne(object: BlockLocation, deps: DeletionDeps, signal: AbortSignal): Promise<void> {
  const { clock, metrics, objectStore, random } = deps;
  try {
    const key = blockObjectKey(object);
    await retry(() => objectStore.delete(key, signal), STORAGE_RETRIES, { clock, random }, signal);
    metrics.blocksDeleted.inc({ status: "success" });
  } catch (error) {
    metrics.blocksDeleted.inc({ status: "failure" });
    throw error;
  }
}
