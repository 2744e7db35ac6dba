import type { Clock } from "@hearth/runtime";

import type { World } from "./world.ts";

/** A clock that is wrong, and jumps; steady time is right. */
export class SkewedClock implements Clock {
  readonly #world: World;
  /** What the wall clock is ahead of the right time. */
  aheadMs: number;

  constructor(world: World, aheadMs: number) {
    this.#world = world;
    this.aheadMs = aheadMs;
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
