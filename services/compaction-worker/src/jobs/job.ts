import type { BlockMeta, SourceFault } from "@hearth/block";
import type { BlockLocation } from "@hearth/object-store";

/** One assignment of a job: both numbers are given by the metastore, and the token rises with each assignment. */
export interface JobClaim {
  readonly job: number;
  readonly token: number;
}

export type Job = CompactionJob | DeletionJob;

/** Blocks to be merged into blocks of the next level, one for each tenant. */
export interface CompactionJob {
  readonly type: "compaction";
  readonly claim: JobClaim;
  readonly shard: number;
  /** Of the sources. */
  readonly level: number;
  /** Sorted by id. */
  readonly sources: readonly BlockMeta[];
}

/** Objects to be deleted. */
export interface DeletionJob {
  readonly type: "deletion";
  readonly claim: JobClaim;
  readonly objects: readonly BlockLocation[];
}

/** How a job ended. */
export type JobOutcome =
  /** The outputs are stored. */
  | { readonly type: "compacted"; readonly outputs: readonly BlockMeta[]; readonly repeatedRows: number }
  /** All objects are gone. */
  | { readonly type: "deleted" }
  | { readonly type: "failed"; readonly reason: string; readonly faults: readonly SourceFault[] }
  /** Not done, for no fault of the job: somebody else may do it. */
  | { readonly type: "returned"; readonly why: ReturnReason; readonly detail?: string };

/** `storage`: the bucket cannot be reached from here. */
export type ReturnReason = "canceled" | "closing" | "no room" | "storage";

export interface JobReport {
  readonly claim: JobClaim;
  readonly outcome: JobOutcome;
}

/** Bytes of the sources of a job; none for deletions, which read nothing. */
export function sourceBytesOf(job: Job): number {
  return job.type === "compaction" ? job.sources.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) : 0;
}

export function isSameClaim(a: JobClaim, b: JobClaim): boolean {
  return a.job === b.job && a.token === b.token;
}
