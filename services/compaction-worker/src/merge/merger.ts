import type { BlockMeta, SourceFault } from "@hearth/block";

import type { CompactionJob, DroppedRows } from "../jobs/job.ts";

/** What became of the sources of a job. */
export type Merged =
  | ({
      readonly type: "merged";
      /** At most one of each tenant. */
      readonly outputs: readonly MergedOutput[];
    } & DroppedRows)
  /** Sources that cannot be read. */
  | { readonly type: "faults"; readonly faults: readonly SourceFault[] }
  /** The bucket, or the disk for temporary files, cannot be used: worth trying again later, or elsewhere. */
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
   * @param use - what to do with the outputs; their files are removed when it is done.
   * @returns what `use` returns.
   * @throws what `use` throws, what went wrong beside sources and bucket, or the signal's reason.
   */
  merge<T>(job: CompactionJob, use: (merged: Merged) => Promise<T>, signal: AbortSignal): Promise<T>;
}
