/**
 * When a shard's open segment is closed and stored. Small segments are dear (each is an object, an entry of the index and
 * work for compaction); waiting is dear too, since pushes are answered only then. So: a quiet shard flushes after a
 * short linger, which gathers what arrives together; a busy one flushes once per segment duration, or when it is full;
 * and while a segment of the shard is still being built, which is what limits a busy writer, the next keeps growing.
 */

export interface FlushSettings {
  readonly segmentDurationMs: number;
  /** At most `segmentDurationMs`. */
  readonly lingerMs: number;
  readonly maxSegmentBytes: number;
}

/** What the decision depends on. Times are monotonic. */
export interface ShardState {
  /** When the first push came; undefined when nothing is open. */
  readonly openedAtMs: number | undefined;
  readonly bufferedBytes: number;
  /** When the segment before was closed; undefined when there was none. */
  readonly lastClosedAtMs: number | undefined;
  /** Whether a segment that was closed before is not built yet. */
  readonly isBuilding: boolean;
  /** Whether the writer shuts down. */
  readonly isDraining: boolean;
}

export type FlushReason = "full" | "duration" | "linger" | "shutdown";

export type FlushPlan =
  /** Nothing is open. */
  | { readonly type: "rest" }
  /** Ask again when the segment before is built, or when something is pushed. */
  | { readonly type: "awaitBuild" }
  /** Ask again then, or when something is pushed. */
  | { readonly type: "awaitTime"; readonly atMs: number }
  | { readonly type: "flush"; readonly reason: FlushReason };

/** @param nowMs - monotonic, the same clock as in `shard`. */
export function planFlush(shard: ShardState, nowMs: number, settings: FlushSettings): FlushPlan {
  if (shard.openedAtMs === undefined) return { type: "rest" };
  if (shard.isDraining) return { type: "flush", reason: "shutdown" };
  if (shard.bufferedBytes >= settings.maxSegmentBytes) return { type: "flush", reason: "full" };
  if (shard.isBuilding) return { type: "awaitBuild" };
  const lingersUntilMs = shard.openedAtMs + settings.lingerMs;
  const turnMs =
    shard.lastClosedAtMs === undefined ? -Infinity : shard.lastClosedAtMs + settings.segmentDurationMs;
  const longestMs = shard.openedAtMs + settings.segmentDurationMs;
  const atMs = Math.min(longestMs, Math.max(lingersUntilMs, turnMs));
  if (nowMs < atMs) return { type: "awaitTime", atMs };
  return { type: "flush", reason: turnMs > lingersUntilMs ? "duration" : "linger" };
}
