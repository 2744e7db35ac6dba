import { createHash } from "node:crypto";
import { ulidFrom, ulidTimeMs } from "@hearth/runtime";
import type { DatasetMeta } from "../block-meta.ts";

/** Raised when merging changes what it makes of the same sources. Different bytes have different ids anyway. */
const MERGE_VERSION = 2;

/**
 * The id of a merged block: the time of its newest source, and bits that follow from its sources and its content. A
 * merge that is repeated writes the same object again, and no other merge can overwrite it.
 *
 * @param merged.sources - ids, sorted.
 * @param merged.datasets - of the block, complete.
 * @param merged.deletionsApplied - as its origin says, which is part of its bytes.
 */
export function mergedBlockId(merged: {
  readonly sources: readonly string[];
  readonly tenant: string;
  readonly level: number;
  readonly datasets: readonly DatasetMeta[];
  readonly deletionsApplied: number;
}): string {
  const { sources, tenant, level, deletionsApplied } = merged;
  const datasets = merged.datasets.map(({ service, sections }) => [
    service,
    ...sections.map(({ kind, sizeBytes, crc }) => [kind, sizeBytes, crc]),
  ]);
  const applied = deletionsApplied > 0 ? [deletionsApplied] : [];
  const content = JSON.stringify([MERGE_VERSION, sources, tenant, level, datasets, ...applied]);
  const bits = createHash("sha256").update(content).digest().subarray(0, 10);
  return ulidFrom(Math.max(...sources.map(ulidTimeMs)), bits);
}
