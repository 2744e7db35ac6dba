import { ulidTimeMs } from "@hearth/runtime";
import type { BlockPlace } from "../index-state/block-place.ts";
import type { TouchedBlock, TouchedBlocks } from "../deletions/touched-blocks.ts";
import type { JobTable } from "./job-table.ts";
import type { BlockNotes } from "./block-notes.ts";

/** What a plan of rewrites looks at. */
export interface RewriteView {
  readonly touched: TouchedBlocks;
  readonly jobs: JobTable;
  readonly notes: BlockNotes;
  /** The time of the log. */
  readonly nowMs: number;
  readonly rewriteDelayMs: number;
}

/** Blocks of one command that need not be written anew: more would keep the state busy for too long. */
const COVERED_BATCH = 500;

/**
 * Blocks with deleted rows that no merge took in time, each to be written anew by itself: low levels first, and of these
 * the oldest. Most blocks of the lower levels are merged before it comes to that.
 */
export function dueRewrites(view: RewriteView): BlockPlace[] {
  const { touched } = view;
  if (touched.count === 0) return [];
  const busy = view.jobs.blockIds();
  const due: BlockPlace[] = [];
  for (const block of touched.all()) {
    if (isDue(block, view) && !busy.has(block.place.id)) due.push(block.place);
  }
  return due.sort((a, b) => a.level - b.level || (a.id < b.id ? -1 : 1));
}

/** Whether there is one. */
export function hasDueRewrite(view: RewriteView): boolean {
  return view.touched.count > 0 && dueRewrites(view).length > 0;
}

/** Blocks that hold nothing but deleted rows, in the order of their ids; not more than one command should take. */
export function coveredBlocks(touched: TouchedBlocks): BlockPlace[] {
  if (touched.coveredCount === 0) return [];
  const covered = [...touched.all()].filter(({ isCovered }) => isCovered).map(({ place }) => place);
  return covered.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, COVERED_BATCH);
}

function isDue({ place, sinceMs }: TouchedBlock, { notes, nowMs, rewriteDelayMs }: RewriteView): boolean {
  if (notes.isQuarantined(place.id) || nowMs - sinceMs < rewriteDelayMs) return false;
  // What came late has its time to be merged, too; unless its id is of a clock that is ahead.
  const ageMs = nowMs - ulidTimeMs(place.id);
  return ageMs < 0 || ageMs >= rewriteDelayMs;
}
