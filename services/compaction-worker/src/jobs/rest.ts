import type { JobOutcome } from "./job.ts";

/**
 * Where the bucket cannot be reached from here, other workers may do better: jobs are given back, and no new ones taken
 * for a while, which doubles each time. Else the same jobs would come again at once.
 */
export interface Rest {
  /** By the monotonic clock. */
  readonly untilMs: number;
  readonly troubleCount: number;
}

const MIN_REST_MS = 5_000;
const MAX_REST_MS = 60_000;

export const noRest: Rest = { untilMs: 0, troubleCount: 0 };

/** A job ended. */
export function stepRest(rest: Rest, outcome: JobOutcome, nowMs: number): Rest {
  if (outcome.type === "compacted" || outcome.type === "deleted") return noRest;
  if (outcome.type !== "returned" || outcome.why !== "storage") return rest;
  // Jobs that ran beside each other met the same trouble.
  if (nowMs < rest.untilMs) return rest;
  const restMs = Math.min(MAX_REST_MS, MIN_REST_MS * 2 ** rest.troubleCount);
  return { untilMs: nowMs + restMs, troubleCount: rest.troubleCount + 1 };
}
