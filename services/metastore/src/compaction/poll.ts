import type { CheckedBlock } from "../index-state/check-wire-block.ts";
import type { CompactionSettings } from "./compaction-settings.ts";
import type { JobClaim } from "./job-table.ts";

/** What a worker says, and what it asks for. */
export interface Poll {
  readonly worker: string;
  /** How many more jobs it takes. */
  readonly jobCapacity: number;
  /** How many bytes of sources it takes in all. */
  readonly byteCapacity: number;
  /** What it goes on with. */
  readonly held: readonly JobClaim[];
  readonly reports: readonly JobReport[];
  readonly settings: CompactionSettings;
  /** Whether it drops rows that were deleted on request: others get no job with any. */
  readonly appliesDeletions: boolean;
  /** Whether it sums rows over time: others get no job of a tier. */
  readonly sumsRows: boolean;
}

export interface JobReport {
  readonly claim: JobClaim;
  readonly outcome: JobOutcome;
}

export type JobOutcome =
  | ({ readonly type: "compacted"; readonly outputs: readonly CheckedBlock[] } & DroppedRows)
  | { readonly type: "failed"; readonly reason: string; readonly faults: readonly SourceFault[] }
  | { readonly type: "deleted" }
  | { readonly type: "returned" };

/** Rows of the sources of a job that its outputs do not have. */
export interface DroppedRows {
  /** They were there more than once. */
  readonly repeatedRows: number;
  /** By tenant: they were deleted on request. */
  readonly deletedRows: ReadonlyMap<string, number>;
  /** They became part of another row. */
  readonly summedRows: number;
}

/** A source that a job cannot be done with. */
export interface SourceFault {
  readonly block: string;
  /** As it is told to operators. */
  readonly reason: string;
}

/** What a poll came to. */
export interface PollResult {
  /** Jobs that the worker holds now and did not name: new ones, and those whose answer was lost. */
  readonly assigned: readonly JobClaim[];
  /** Claims that are no more. */
  readonly revoked: readonly JobClaim[];
  /** Reports that changed nothing. */
  readonly refusals: readonly { readonly claim: JobClaim; readonly reason: string }[];
  /** Numbers of deletions on request whose bytes are gone now. */
  readonly deletionsDone: readonly number[];
}
