import { tierOfLevel } from "@hearth/block";

import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import type { BlockObject } from "./blocks.ts";
import type { DeletionBook } from "./deletion-book.ts";
import { timeOfRow } from "./rows.ts";
import { bucketsOf, type SummedRows } from "./summed-rows.ts";

/**
 * P11 of a block of a tier that comes into the index: each of its rows stands for the rows of its sources in its bucket, each
 * once, but for those that are deleted; none is left out, and none was deleted before it was summed.
 */
export function checkSums(
  { meta, rows }: BlockObject,
  sources: readonly BlockObject[],
  { deletions, sums }: { deletions: DeletionBook; sums: SummedRows },
): void {
  const { id, level, tenant } = meta;
  const { resolutionMs } = tierOfLevel(level)!;
  const have = bucketsOf(rows.get(tenant) ?? [], resolutionMs);
  const inSources = [...new Set(sources.flatMap((source) => source.rows.get(tenant) ?? []))];
  const want = bucketsOf(inSources, resolutionMs);
  for (const [bucket, [row, second]] of have) {
    if (second !== undefined) throw new Violation("P11", `${id} has two rows of the bucket ${bucket}`);
    const kept = keptOf(want.get(bucket) ?? [], sums.partsOf(row!), { id, tenant, deletions, sums });
    if (timeOfRow(row!) !== Math.max(...kept.map(timeOfRow)))
      throw new Violation("P11", `${id} has a row of another time than its latest: ${row}`);
  }
  for (const [bucket, lost] of want) {
    if (!have.has(bucket) && lost.some((row) => !deletions.mayBeGone(tenant, row)))
      throw new Violation("P11", `${id} has no row of the bucket ${bucket}`);
  }
}

/** Which of the rows of a bucket a row stands for: `parts` are theirs. */
function keptOf(
  rows: readonly number[],
  parts: readonly number[],
  { id, tenant, deletions, sums }: { id: string; tenant: string; deletions: DeletionBook; sums: SummedRows },
): number[] {
  let left: number[] | undefined = [...parts];
  const kept: number[] = [];
  for (const row of rows) {
    const without: number[] | undefined = deletions.mustBeGone(tenant, row)
      ? undefined
      : minus(left, sums.partsOf(row));
    if (without) {
      left = without;
      kept.push(row);
    } else if (!deletions.mayBeGone(tenant, row)) {
      throw new Violation("P11", `${id} does not count row ${row} of ${tenant}`);
    }
  }
  if (left.length > 0)
    throw new Violation("P11", `${id} counts what it should not: ${left.join()} of ${tenant}`);
  return kept;
}

/** What is left of numbers, of which some may be there more than once; undefined when not all of `taken` are. */
function minus(from: readonly number[], taken: readonly number[]): number[] | undefined {
  const left = [...from];
  for (const one of taken) {
    const at = left.indexOf(one);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}
