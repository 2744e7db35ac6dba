import type { Clock } from "@hearth/runtime";

/** Which of the two calls it is. */
export type Runner = "first" | "second";

export interface HedgePolicy {
  readonly afterMs: number;
  /** Asked once, when the time has come: whether a second call may be made. */
  readonly mayHedge: () => boolean;
}

/**
 * Calls `operation`; when it has not ended after a while, calls it a second time beside the first. The first success
 * counts, and the other call is aborted; so the operation must be harmless to do twice.
 *
 * @throws the first error, when no call is left that could succeed.
 */
export async function hedged<T>(
  operation: (runner: Runner, signal: AbortSignal) => Promise<T>,
  policy: HedgePolicy,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const result = Promise.withResolvers<T>();
  const finished = new AbortController();
  const either = AbortSignal.any([signal, finished.signal]);
  const errors: unknown[] = [];
  let runningCount = 0;
  const start = (runner: Runner): void => {
    runningCount++;
    operation(runner, either).then(result.resolve, (error: unknown) => {
      errors.push(error);
      if (--runningCount === 0) result.reject(errors[0]);
    });
  };
  start("first");
  const startSecond = (): void => {
    if (runningCount > 0 && !either.aborted && policy.mayHedge()) start("second");
  };
  clock.sleep(policy.afterMs, either).then(startSecond, () => {});
  try {
    return await result.promise;
  } finally {
    finished.abort();
  }
}
