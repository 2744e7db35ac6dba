import type { Clock } from "@hearth/runtime";

interface Sleeper {
  readonly wakesAtMs: number;
  readonly wake: () => void;
}

/** Time that passes only when told to, in the order in which sleepers wake. */
export class ManualClock implements Clock {
  #elapsedMs = 0;
  readonly #startUnixMs = Date.UTC(2026, 0, 1);
  readonly #sleepers = new Set<Sleeper>();

  nowMs(): number {
    return this.#startUnixMs + this.#elapsedMs;
  }

  nowNanos(): bigint {
    return BigInt(Math.round(this.nowMs())) * 1_000_000n;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  get sleeperCount(): number {
    return this.#sleepers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", stop);
        resolve();
      };
      const sleeper = { wakesAtMs: this.#elapsedMs + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", stop, { once: true });
    });
  }

  /** Lets `ms` pass; everything that follows from it has happened when it resolves. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.wakesAtMs);
      next.wake();
      await settled();
    }
    this.#elapsedMs = untilMs;
  }

  #next(untilMs: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.wakesAtMs <= untilMs && (!next || sleeper.wakesAtMs < next.wakesAtMs)) next = sleeper;
    }
    return next;
  }
}

/** Waits until no promise is left that could settle by itself. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
