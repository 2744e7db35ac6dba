import type { Clock, Random } from "@hearth/runtime";
import type { LimitsSource } from "@hearth/tenant-limits";

export interface ArtificialDelayDeps {
  readonly limits: LimitsSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends every wait: a server that stops answers what it has. */
  readonly stopping: AbortSignal;
}

/** An answer that may be held back. */
export interface HeldAnswer {
  readonly tenant: string;
  /** When its request came, by the monotonic clock. */
  readonly beganMs: number;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  readonly setHeader: (name: string, value: string) => void;
}

/** Holds answers back until their tenant's delay has passed: a way to slow down clients that send one after another. */
export class ArtificialDelay {
  readonly #deps: ArtificialDelayDeps;

  constructor(deps: ArtificialDelayDeps) {
    this.#deps = deps;
  }

  /** When a request that comes now began. */
  begin(): number {
    return this.#deps.clock.monotonicMs();
  }

  /** To be waited for before an answer that is no error. Says in `Server-Timing` how long that was. */
  async hold({ tenant, beganMs, signal, setHeader }: HeldAnswer): Promise<void> {
    const { limits, clock, random, stopping } = this.#deps;
    const { ingestionArtificialDelayMs: targetMs } = limits.limitsFor(tenant);
    if (targetMs === 0) return;
    const delayMs = delayOf({ targetMs, elapsedMs: clock.monotonicMs() - beganMs, draw: random.next() });
    if (delayMs === 0) return;
    setHeader("Server-Timing", `artificial_delay;dur=${delayMs}`);
    const ended = AbortSignal.any([signal, stopping]);
    try {
      await clock.sleep(delayMs, ended);
    } catch (error) {
      if (!ended.aborted) throw error;
    }
  }
}

/**
 * What is left of a delay, in whole milliseconds.
 *
 * @param targetMs - the delay, of which up to a tenth more or less is waited, so that clients do not come in step.
 * @param draw - uniform in `[0, 1)`.
 */
export function delayOf(delay: { targetMs: number; elapsedMs: number; draw: number }): number {
  const wantedMs = delay.targetMs * (0.9 + 0.2 * delay.draw);
  return Math.max(0, Math.round(wantedMs - delay.elapsedMs));
}
