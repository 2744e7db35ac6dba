import type { BlockMeta, MergeDeletions, SourceFault } from "@hearth/block";
import type { BlockLocation } from "@hearth/object-store";

/** One assignment of a job: both numbers are given by the metastore, and the token rises with each assignment. */
export interface JobClaim {
  readonly job: number;
  readonly token: number;
}

export type Job = CompactionJob | DeletionJob;

/** Blocks to be merged into blocks of the next level, one for each tenant of which rows are left; or, of one tenant, into one of a tier. */
export interface CompactionJob {
  readonly type: "compaction";
  readonly claim: JobClaim;
  readonly shard: number;
  /** Of the sources. */
  readonly level: number;
  /** Sorted by id. */
  readonly sources: readonly BlockMeta[];
  /** Rows to leave out, and whether the one source is written anew instead. */
  readonly deletions: MergeDeletions;
  /** That of a tier, to whose resolution rows are summed; 0 for the next level. */
  readonly outputLevel: number;
}

/** Objects to be deleted. */
export interface DeletionJob {
  readonly type: "deletion";
  readonly claim: JobClaim;
  readonly objects: readonly BlockLocation[];
}

/** Rows of sources that are in no output. */
export interface DroppedRows {
  /** They were in the sources more than once. */
  readonly repeatedRows: number;
  /** They were deleted on request: by tenant. */
  readonly deletedRows: ReadonlyMap<string, number>;
  /** They became part of another row. */
  readonly summedRows: number;
}

/** How a job ended. */
export type JobOutcome =
  /** The outputs are stored. */
  | ({ readonly type: "compacted"; readonly outputs: readonly BlockMeta[] } & DroppedRows)
  /** All objects are gone. */
  | { readonly type: "deleted" }
  | { readonly type: "failed"; readonly reason: string; readonly faults: readonly SourceFault[] }
  /** Not done, for no fault of the job: somebody else may do it. */
  | { readonly type: "returned"; readonly why: ReturnReason; readonly detail?: string };

/** `storage`: the bucket, or the disk for temporary files, cannot be used here and now. */
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
