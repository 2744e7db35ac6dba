import type { Clock } from "@hearth/runtime";

interface Sleeper {
  readonly wakeMs: number;
  readonly wake: () => void;
}

/** Time that moves only when the test says so. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: Sleeper[] = [];
  #watchers: (() => void)[] = [];
  /** How long each sleep was to be. */
  readonly slept: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  nowNanos(): bigint {
    return BigInt(Math.round(this.#nowMs * 1e6));
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const sleeper = { wakeMs: this.#nowMs + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal.reason as Error);
      });
      for (const watch of this.#watchers.splice(0)) watch();
    });
  }

  /** Resolves when somebody sleeps. */
  async whenSleeping(): Promise<void> {
    while (this.#sleepers.length === 0) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  /** Whoever wakes up does so after this returns. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#sleepers.filter(({ wakeMs }) => wakeMs <= this.#nowMs);
    this.#sleepers = this.#sleepers.filter(({ wakeMs }) => wakeMs > this.#nowMs);
    for (const { wake } of due) wake();
  }
}

/** Nobody ever waits: each sleep ends in the same turn, and moves the time on. */
export class HastyClock extends ManualClock {
  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.advance(ms);
    // Whatever else there is to do gets its turn: sockets too.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
