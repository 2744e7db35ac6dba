import type { Clock } from "@hearth/runtime";

/** Sleeps that can be cut short. */
export class Sleeper {
  readonly #clock: Clock;
  #current: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends after `ms`, or when it is woken. One sleeps at a time. */
  async sleep(ms: number): Promise<void> {
    const current = (this.#current = new AbortController());
    try {
      await this.#clock.sleep(ms, current.signal);
    } catch (error) {
      if (!current.signal.aborted) throw error;
    }
  }

  /** Wakes the one that sleeps, if any. */
  wake(): void {
    this.#current?.abort();
  }
}
