/** Storing takes about a second when the system is busy: a shorter attempt would only make another one of it. */
const MIN_ATTEMPT_MS = 1000;

/**
 * How long to wait for a writer before the next one is asked: half of what is left, so that few writers that hang leave
 * time for others, and a writer that is merely slow is seldom given up. The last one has all that is left.
 *
 * @param remainingMs - until the time limit of the whole.
 * @param writersLeft - this one and those that could be asked after it, at least 1.
 */
export function attemptTimeoutMs({
  remainingMs,
  writersLeft,
}: {
  readonly remainingMs: number;
  readonly writersLeft: number;
}): number {
  const half = remainingMs / 2;
  return writersLeft > 1 && half >= MIN_ATTEMPT_MS ? half : Math.max(0, remainingMs);
}
