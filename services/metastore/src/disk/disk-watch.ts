import type { DiskSpace } from "./directory.ts";

/** Below this, or 5 % of a disk smaller than 10 GiB, nothing more is registered: a full disk could not even be compacted. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;
const MIN_FREE_SHARE = 0.05;

/** A write that takes longer than this will not come back; another process may do better on another disk. */
export const STUCK_WRITE_MS = 30_000;

/** Why proposals must be refused, or undefined. */
export function spaceProblem({ freeBytes, totalBytes }: DiskSpace): string | undefined {
  const neededBytes = Math.min(MIN_FREE_BYTES, Math.floor(totalBytes * MIN_FREE_SHARE));
  if (freeBytes >= neededBytes) return undefined;
  return `the disk of the metastore is nearly full: free_bytes=${freeBytes} needed_bytes=${neededBytes}`;
}
