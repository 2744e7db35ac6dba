import type { BlockMeta } from "@hearth/block";

import type { CompactionJob, SourceFault } from "../jobs/job.ts";

/** What became of the sources of a job. */
export type Merged =
  | {
      readonly type: "merged";
      /** Sorted by tenant: at most one of each. */
      readonly outputs: readonly MergedOutput[];
      /** Rows that were in the sources more than once. */
      readonly repeatedRows: number;
    }
  /** Sources that cannot be read. */
  | { readonly type: "faults"; readonly faults: readonly SourceFault[] }
  /** The bucket cannot be reached: worth trying again later, or elsewhere. */
  | { readonly type: "trouble"; readonly reason: string };

export interface MergedOutput {
  readonly meta: BlockMeta;
  readonly content: Content;
}

/** The bytes of a block, in memory or in a temporary file. */
export type Content =
  | { readonly type: "memory"; readonly bytes: Uint8Array }
  | { readonly type: "file"; readonly path: string };

/** Merges the sources of a job. */
export interface Merger {
  /**
   * @param folder - for temporary files: it need not be there, and goes with its content when the outputs are stored.
   * @throws what went wrong beside sources and bucket, or the signal's reason.
   */
  merge(job: CompactionJob, folder: string, signal: AbortSignal): Promise<Merged>;
}
