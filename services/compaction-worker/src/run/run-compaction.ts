import type { CompactionJob, JobOutcome } from "../jobs/job.ts";
import type { Merged, Merger } from "../merge/merger.ts";
import { isTransient } from "../storage-retry.ts";
import { problemOfOutputs } from "./check-outputs.ts";
import type { OutputStore } from "./output-store.ts";

export interface CompactionDeps {
  readonly merger: Merger;
  readonly outputs: OutputStore;
}

/**
 * Merges the sources of a job and stores what comes out.
 *
 * @throws what went wrong beside sources and bucket, or the signal's reason.
 */
export function runCompaction(
  job: CompactionJob,
  deps: CompactionDeps,
  signal: AbortSignal,
): Promise<JobOutcome> {
  return deps.merger.merge(job, (merged) => store(job, merged, deps, signal), signal);
}

async function store(
  job: CompactionJob,
  merged: Merged,
  { outputs }: CompactionDeps,
  signal: AbortSignal,
): Promise<JobOutcome> {
  if (merged.type === "trouble") return { type: "returned", why: "storage", detail: merged.reason };
  if (merged.type === "faults") {
    const reason = merged.faults.map((fault) => fault.reason).join("; ");
    return { type: "failed", reason, faults: merged.faults };
  }
  const problem = problemOfOutputs(job, merged);
  if (problem !== undefined) return { type: "failed", reason: problem, faults: [] };
  try {
    await outputs.store(merged.outputs, signal);
  } catch (error) {
    if (signal.aborted || !isTransient(error)) throw error;
    return { type: "returned", why: "storage", detail: String(error) };
  }
  const { repeatedRows, deletedRows, summedRows } = merged;
  const metas = merged.outputs.map(({ meta }) => meta);
  return { type: "compacted", outputs: metas, repeatedRows, deletedRows, summedRows };
}
