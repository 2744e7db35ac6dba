import type { BlockIndex } from "../index-state/block-index.ts";
import type { BlockPlace } from "../index-state/block-place.ts";

/** What is to go. */
export interface Expiry {
  /** Tenant to the time before which its data is too old, Unix milliseconds. Of other tenants everything stays. */
  readonly cutoffs: ReadonlyMap<string, number>;
  readonly maxBlocks: number;
}

/**
 * Blocks all of whose data is too old, at most `maxBlocks`: by partition, and in each in the order of the ids, so that every node
 * finds the same. A segment is too old when the data of all its tenants is.
 */
export function expiredBlocks(index: BlockIndex, { cutoffs, maxBlocks }: Expiry): BlockPlace[] {
  const found: BlockPlace[] = [];
  const latestMs = Math.max(...cutoffs.values());
  for (const [, partition] of index.partitions()) {
    if (partition.minTimeMs >= latestMs) continue;
    const here: BlockPlace[] = [];
    for (const row of partition.rows()) {
      if (partition.rowEndsBefore(row, latestMs) && isExpired(partition.newestOf(row), cutoffs)) {
        here.push(partition.place(row));
      }
    }
    here.sort((a, b) => (a.id < b.id ? -1 : 1));
    found.push(...here.slice(0, maxBlocks - found.length));
    if (found.length >= maxBlocks) break;
  }
  return found;
}

function isExpired(newest: ReadonlyMap<string, number>, cutoffs: ReadonlyMap<string, number>): boolean {
  for (const [tenant, maxTimeMs] of newest) {
    const cutoffMs = cutoffs.get(tenant);
    if (cutoffMs === undefined || maxTimeMs >= cutoffMs) return false;
  }
  return true;
}
