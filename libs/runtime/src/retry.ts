import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

export interface RetryPolicy {
  /** Calls in all, at least 1. */
  readonly attempts: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Whether the error may go away by itself. */
  readonly isRetryable: (error: unknown) => boolean;
}

/**
 * Calls `operation` until it succeeds, fails for good, runs out of attempts or `signal` aborts. Waits between calls with
 * full jitter: uniform in `[0, min(maxBackoffMs, minBackoffMs · 2^n))`.
 *
 * @throws the last error of `operation`, or the signal's reason.
 */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  policy: RetryPolicy,
  deps: { clock: Clock; random: Random },
  signal: AbortSignal,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt + 1 >= policy.attempts || signal.aborted || !policy.isRetryable(error)) throw error;
      const ceilingMs = Math.min(policy.maxBackoffMs, policy.minBackoffMs * 2 ** attempt);
      await deps.clock.sleep(deps.random.next() * ceilingMs, signal);
    }
  }
}
