import type { RefusalKind } from "./judge-object.ts";

/** How far a rebuild is. `registered + superseded + orphaned + refused + gone <= listed`; equal when it is complete. */
export interface RebuildCounts {
  /** Objects found in the bucket. */
  readonly listed: number;
  /** Whether the bucket was listed to its end, so that `listed` is all there is. */
  readonly isListed: boolean;
  /** Blocks whose metadata was read, each counted once. */
  readonly read: number;
  /** Blocks that the metastore has now, whether or not it had them before. */
  readonly registered: number;
  /** Blocks that are left out since they were compacted into others. Known once the merged blocks were read, like the next two. */
  readonly superseded: number;
  /** Merged blocks that are left out since others hold the same rows: their job did not come to its end. */
  readonly orphaned: number;
  /** Blocks whose rows may be in the index more than once; they count as what they are besides. */
  readonly doubtful: number;
  /** Objects that were removed between listing and reading. */
  readonly gone: number;
  readonly refused: ReadonlyMap<RefusalKind, number>;
}

export interface RebuildSummary {
  readonly counts: RebuildCounts;
  readonly elapsedMs: number;
  /** `stopped`: the signal aborted before the end. What was registered stays; another run goes through all again. */
  readonly outcome: "complete" | "stopped";
}

export const NOTHING_YET: RebuildCounts = {
  listed: 0,
  isListed: false,
  read: 0,
  registered: 0,
  superseded: 0,
  orphaned: 0,
  doubtful: 0,
  gone: 0,
  refused: new Map(),
};

export function refusedCount(counts: RebuildCounts): number {
  return [...counts.refused.values()].reduce((sum, count) => sum + count, 0);
}

/** Blocks a second that were registered; 0 before anything can be said. */
export function registeredPerSecond({ registered }: RebuildCounts, elapsedMs: number): number {
  return elapsedMs > 0 ? (registered * 1000) / elapsedMs : 0;
}

/**
 * Milliseconds until the end at the rate so far; undefined while the bucket is being listed or nothing is registered. What is
 * superseded or orphaned takes no time.
 */
export function leftMs(counts: RebuildCounts, elapsedMs: number): number | undefined {
  const done = counts.registered + counts.gone + refusedCount(counts);
  if (!counts.isListed || counts.registered === 0) return undefined;
  const toDo = counts.listed - counts.superseded - counts.orphaned;
  return ((toDo - done) * elapsedMs) / done;
}

/** One line, without its end. */
export function progressLine(counts: RebuildCounts, elapsedMs: number): string {
  const left = leftMs(counts, elapsedMs);
  const facts = [
    `listed ${counts.listed}${counts.isListed ? "" : "+"}`,
    `read ${counts.read}`,
    `registered ${counts.registered}`,
    ...(counts.superseded > 0 ? [`superseded ${counts.superseded}`] : []),
    ...(counts.orphaned > 0 ? [`orphaned ${counts.orphaned}`] : []),
    ...(counts.doubtful > 0 ? [`doubtful ${counts.doubtful}`] : []),
    `refused ${refusedCount(counts)}`,
    `${Math.round(registeredPerSecond(counts, elapsedMs))} blocks/s`,
    ...(left === undefined ? [] : [`${Math.ceil(left / 1000)} s left`]),
  ];
  return facts.join(", ");
}

/** What a person reads at the end, each line ended. */
export function summaryText({ counts, elapsedMs, outcome }: RebuildSummary): string {
  const { listed, registered, superseded, orphaned, doubtful, gone } = counts;
  const seconds = (elapsedMs / 1000).toFixed(1);
  const kinds = [...counts.refused].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const refused = kinds.map(([kind, count]) => `${count} ${kind}`).join(", ");
  return [
    outcome === "complete"
      ? `The index is rebuilt: ${registered} of ${listed} objects registered in ${seconds} s, ${Math.round(registeredPerSecond(counts, elapsedMs))} blocks/s.`
      : `Stopped before the end: ${registered} objects registered in ${seconds} s. Run it again: what is registered stays.`,
    ...(superseded > 0
      ? [`Superseded: ${superseded}. They were compacted into others that are registered.`]
      : []),
    ...(orphaned > 0 ? [`Orphaned: ${orphaned}. Their job did not end; others hold the same.`] : []),
    ...(doubtful > 0
      ? [`Doubtful: ${doubtful}. Queries may count some of it twice. Each is named above.`]
      : []),
    ...(gone > 0 ? [`Removed from the bucket meanwhile: ${gone}.`] : []),
    ...(refused === "" ? [] : [`Not registered: ${refused}. Each is named above.`]),
    "",
  ].join("\n");
}

/** 0 when all that belongs into the index was registered, else 1. */
export function exitCodeOf({ counts, outcome }: RebuildSummary): 0 | 1 {
  return outcome === "complete" && refusedCount(counts) === 0 ? 0 : 1;
}
