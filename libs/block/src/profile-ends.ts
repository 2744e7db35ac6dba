import { heap, type Memory } from "@hearth/arena";
import type { RowColumns } from "@hearth/profile";

/*
 * Sums do not tell which profiles are in them, and a push that is repeated may go into the next block. Profiles of blocks
 * that follow each other overlap for some seconds: so the profiles at both ends of a dataset are marked, and whoever
 * reads sums of two blocks can see that they have none in common.
 */

/** Profiles at the beginning and at the end of a dataset; of a small one all are at its beginning. */
export interface ProfileEnds {
  readonly head: MarkedProfiles;
  readonly tail: MarkedProfiles;
}

/** All profiles of a dataset in `[startMs, endMs)`. */
export interface MarkedProfiles {
  readonly startMs: number;
  readonly endMs: number;
  /** A mark for each profile, ascending; profiles that are equal have equal marks, others mostly not. */
  readonly marks: Uint32Array;
}

/** Rows that are marked at each end: 40 seconds of a service that has a hundred a second in a shard. */
const END_ROWS = 4096;

/** @param endRows - rows that are marked at each end, at least 1. */
export function profileEnds(
  rows: RowColumns,
  memory: Memory = heap,
  endRows: number = END_ROWS,
): ProfileEnds {
  const times = memory.float64(rows.count);
  times.set(rows.timeMs);
  times.sort();
  const startMs = times[0] ?? 0;
  const endMs = (times[rows.count - 1] ?? 0) + 1;
  const isSmall = rows.count <= 2 * endRows;
  const headEndMs = isSmall ? endMs : times[endRows]!;
  const tailStartMs = isSmall ? endMs : times[rows.count - 1 - endRows]! + 1;
  return {
    head: { startMs, endMs: headEndMs, marks: profileMarks(rows, { startMs, endMs: headEndMs }) },
    tail: { startMs: tailStartMs, endMs, marks: profileMarks(rows, { startMs: tailStartMs, endMs }) },
  };
}

/** The distinct marks of the profiles in `[startMs, endMs)`, ascending. */
export function profileMarks(
  { count, timeMs, profileId }: RowColumns,
  { startMs, endMs }: { startMs: number; endMs: number },
): Uint32Array {
  const marks = new Uint32Array(count);
  let found = 0;
  for (let row = 0; row < count; row++) {
    if (timeMs[row]! >= startMs && timeMs[row]! < endMs) marks[found++] = markOf(profileId, row * 16);
  }
  const sorted = marks.subarray(0, found).sort();
  let distinct = 0;
  for (let i = 0; i < found; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[distinct++] = sorted[i]!;
  return sorted.slice(0, distinct);
}

/** The four words of a profile id, which are random, in one. */
function markOf(id: Uint8Array, at: number): number {
  let mark = 0;
  for (let byte = 0; byte < 16; byte++) mark ^= id[at + byte]! << ((byte % 4) * 8);
  return mark >>> 0;
}
