import type { Clock } from "@hearth/runtime";

import type { World } from "./world.ts";

/** A wall clock that is wrong, drifts and jumps; steady time is right. */
export class SkewedClock implements Clock {
  readonly #world: World;
  /** By how much it goes too fast. */
  #drift: number;
  #setMs: number;
  #aheadMs: number;

  constructor(world: World, wrong: { aheadMs: number; drift: number }) {
    this.#world = world;
    this.#drift = wrong.drift;
    this.#aheadMs = wrong.aheadMs;
    this.#setMs = world.queue.nowMs;
  }

  /** What the wall clock is ahead of the right time. */
  get aheadMs(): number {
    return this.#aheadMs + (this.#world.queue.nowMs - this.#setMs) * this.#drift;
  }

  /** The clock jumps. */
  set(aheadMs: number, drift = this.#drift): void {
    this.#aheadMs = aheadMs;
    this.#drift = drift;
    this.#setMs = this.#world.queue.nowMs;
  }

  nowMs(): number {
    return Math.floor(this.#world.trueMs + this.aheadMs);
  }

  nowNanos(): bigint {
    return BigInt(this.nowMs()) * 1_000_000n;
  }

  monotonicMs(): number {
    return this.#world.queue.nowMs;
  }

  sleep(): Promise<void> {
    throw new Error("nobody sleeps in a simulation");
  }
}
