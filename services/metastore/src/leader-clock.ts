import type { Clock } from "@hearth/runtime";

/** How far the wall clock may run ahead of the monotonic one before it is not believed. */
const MAX_AHEAD_NANOS = 5n * 60n * 1_000_000_000n;

export interface StampInput {
  readonly wallNanos: bigint;
  readonly lastStampNanos: bigint;
  /** Steady time since the last stamp was given; undefined when this process gave none yet. */
  readonly sinceLastNanos: bigint | undefined;
}

/**
 * The time of the next command: the wall clock, but always after the last stamp, and not more than five minutes further
 * than steady time says. Leases and retention hang on stamps: a clock that jumps must not end them all.
 */
export function nextStamp(input: StampInput): { stampNanos: bigint; isClamped: boolean } {
  const earliest = input.lastStampNanos + 1n;
  if (input.sinceLastNanos !== undefined) {
    const expected = input.lastStampNanos + input.sinceLastNanos;
    if (input.wallNanos > expected + MAX_AHEAD_NANOS) {
      return { stampNanos: expected > earliest ? expected : earliest, isClamped: true };
    }
  }
  return { stampNanos: input.wallNanos > earliest ? input.wallNanos : earliest, isClamped: false };
}

/** Stamps commands at the leader, strictly rising. */
export class LeaderClock {
  readonly #clock: Clock;
  readonly #onClamp: () => void;
  #lastStampNanos = 0n;
  #lastStampAtMs: number | undefined;

  constructor(clock: Clock, onClamp: () => void) {
    this.#clock = clock;
    this.#onClamp = onClamp;
  }

  /** @param appliedStampNanos - the latest stamp in the state. */
  stamp(appliedStampNanos: bigint): bigint {
    const nowMs = this.#clock.monotonicMs();
    const lastStampNanos =
      appliedStampNanos > this.#lastStampNanos ? appliedStampNanos : this.#lastStampNanos;
    const sinceLastNanos =
      this.#lastStampAtMs === undefined ? undefined : BigInt(Math.round((nowMs - this.#lastStampAtMs) * 1e6));
    const { stampNanos, isClamped } = nextStamp({
      wallNanos: this.#clock.nowNanos(),
      lastStampNanos,
      sinceLastNanos,
    });
    if (isClamped) this.#onClamp();
    this.#lastStampNanos = stampNanos;
    this.#lastStampAtMs = nowMs;
    return stampNanos;
  }
}
