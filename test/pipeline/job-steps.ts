import type { SourceFault } from "@hearth/block";
import { blockObjectKey } from "@hearth/object-store";

import type {
  CompactionJob,
  DeletionJob,
  Job,
  JobOutcome,
} from "../../services/compaction-worker/src/jobs/job.ts";
import { problemOfOutputs } from "../../services/compaction-worker/src/run/check-outputs.ts";
import { versionOf, type BlockObject } from "./blocks.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import { mergeObjects, type MergeCode } from "./merge.ts";
import { wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

export interface JobDeps {
  readonly bucket: Bucket;
  readonly world: World;
  readonly code: MergeCode;
}

const MEAN_MERGE_MS = 5_000;
/** A day takes longer. */
const MEAN_SUM_MS = 120_000;
const STORAGE: JobOutcome = { type: "returned", why: "storage" };

/** What a worker does for a job, as `JobRunner` and what it calls do it. */
export function runJob(job: Job, deps: JobDeps): Steps<JobOutcome> {
  return job.type === "compaction" ? compact(job, deps) : deleteObjects(job, deps);
}

function* compact(job: CompactionJob, { bucket, world, code }: JobDeps): Steps<JobOutcome> {
  const objects = new Map<string, BlockObject>();
  const faults: SourceFault[] = [];
  for (const source of job.sources) {
    const object = yield* bucket.retried(() => bucket.get(blockObjectKey(source)));
    if (object === IN_DOUBT) return STORAGE;
    if (object?.type !== "block") faults.push({ block: source.id, kind: "missing", reason: "no object" });
    else if (object.isDamaged || versionOf(object.meta) !== versionOf(source))
      faults.push({ block: source.id, kind: "damaged", reason: "another checksum" });
    else objects.set(source.id, object);
  }
  if (faults.length > 0) return { type: "failed", reason: "faulty sources", faults };
  const ms = world.streams.workers.exponential(job.outputLevel > 0 ? MEAN_SUM_MS : MEAN_MERGE_MS);
  yield* wait<void>((resume) => world.queue.after(ms, resume));
  if ([...objects.values()].some(({ isPoisoned }) => isPoisoned))
    return { type: "failed", reason: "internal error", faults: [] };
  const { outputs, ...dropped } = mergeObjects(job, objects, code);
  const metas = outputs.map(({ meta }) => ({ meta }));
  const problem = problemOfOutputs(job, { outputs: metas, ...dropped });
  if (problem !== undefined) return { type: "failed", reason: problem, faults: [] };
  for (const output of outputs) {
    const stored = yield* bucket.retried(() => bucket.put(blockObjectKey(output.meta), output));
    if (stored === IN_DOUBT) return STORAGE;
  }
  if (dropped.repeatedRows > 0) world.seen.note("repeated rows merged");
  if (dropped.deletedRows.size > 0)
    world.seen.note(job.deletions.isRewrite ? "block written anew" : "deleted rows left out by a merge");
  if (dropped.summedRows > 0) world.seen.note("rows became one");
  if (outputs.length === 0) world.seen.note("job without outputs");
  return { type: "compacted", outputs: outputs.map(({ meta }) => meta), ...dropped };
}

function* deleteObjects(job: DeletionJob, { bucket }: JobDeps): Steps<JobOutcome> {
  let problems = 0;
  for (const object of job.objects) {
    const deleted = yield* bucket.retried(() => bucket.delete(blockObjectKey(object)));
    if (deleted === IN_DOUBT) problems++;
  }
  if (problems === 0) return { type: "deleted" };
  return { type: "failed", reason: "objects are not deleted", faults: [] };
}
