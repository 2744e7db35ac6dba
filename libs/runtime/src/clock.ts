import { setTimeout as sleepMs } from "node:timers/promises";

/** Time, handed in: product code never reads a clock of its own, so that tests and simulations can turn it. */
export interface Clock {
  /** Wall time, Unix milliseconds. May jump. */
  nowMs(): number;
  /** Wall time, Unix nanoseconds. May jump. */
  nowNanos(): bigint;
  /** Milliseconds from an arbitrary start, with a fraction. Never goes back. */
  monotonicMs(): number;
  /** Waits; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The clocks of this machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  nowNanos: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleepMs(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};
