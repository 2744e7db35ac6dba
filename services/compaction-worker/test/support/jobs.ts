import type { BlockMeta, SourceFault } from "@hearth/block";

import type { CompactionJob, DeletionJob, JobClaim } from "../../src/jobs/job.ts";

/** Metadata of a block without datasets, unless the sketch says otherwise. */
export function blockMeta(sketch: Partial<BlockMeta> & { readonly id: string }): BlockMeta {
  return {
    formatVersion: 1,
    tenant: sketch.level === undefined || sketch.level === 0 ? "" : "acme",
    shard: 1,
    level: 0,
    minTimeMs: 0,
    maxTimeMs: 0,
    createdBy: "",
    sizeBytes: 100,
    datasets: [],
    ...sketch,
  };
}

export function compaction(claim: JobClaim, sketch: Partial<CompactionJob> = {}): CompactionJob {
  const deletions = { list: [], upTo: 0, isRewrite: false };
  return {
    type: "compaction",
    claim,
    shard: 1,
    level: 0,
    sources: [blockMeta({ id: "A" })],
    deletions,
    outputLevel: 0,
    ...sketch,
  };
}

export function deletion(claim: JobClaim): DeletionJob {
  return { type: "deletion", claim, objects: [] };
}

export function failed(reason: string, faults: readonly SourceFault[] = []) {
  return { type: "failed", reason, faults } as const;
}
