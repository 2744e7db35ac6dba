import { OpenSegment, type ClosedSegment } from "../segment/open-segment.ts";
import type { ShardState } from "./plan-flush.ts";

/** The segments of one shard: the open one, and what the next decision needs of those before. */
export class Shard {
  readonly id: number;
  #open: OpenSegment | undefined;
  #lastClosedAtMs: number | undefined;
  #buildingCount = 0;
  /** Time of the alarm that was set last and has not rung, so that the same is not set twice. */
  alarmAtMs: number | undefined;

  constructor(id: number) {
    this.id = id;
  }

  /** The segment to add to. */
  openSegment(nowMs: number): OpenSegment {
    return (this.#open ??= new OpenSegment(this.id, nowMs));
  }

  /** Closes the open segment, if there is one; {@link buildEnded} must be called once for it. */
  close(nowMs: number): ClosedSegment | undefined {
    const closed = this.#open?.close();
    if (!closed) return undefined;
    this.#open = undefined;
    this.#lastClosedAtMs = nowMs;
    this.#buildingCount++;
    return closed;
  }

  buildEnded(): void {
    this.#buildingCount--;
  }

  state(isDraining: boolean): ShardState {
    return {
      openedAtMs: this.#open?.openedAtMs,
      bufferedBytes: this.#open?.sizeBytes ?? 0,
      lastClosedAtMs: this.#lastClosedAtMs,
      isBuilding: this.#buildingCount > 0,
      isDraining,
    };
  }

  /** Whether nothing of it matters any more: a new one in its place would decide the same. */
  isForgettable(nowMs: number, segmentDurationMs: number): boolean {
    if (this.#open || this.#buildingCount > 0) return false;
    return this.#lastClosedAtMs === undefined || this.#lastClosedAtMs + segmentDurationMs <= nowMs;
  }
}
