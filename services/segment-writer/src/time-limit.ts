import { DeadlineExceededError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";

/**
 * Gives `work` so much time by the injected clock, then aborts its signal and goes on without it.
 *
 * @throws {DeadlineExceededError} naming `what`.
 */
export async function withTimeLimit<T>(
  limit: { readonly ms: number; readonly what: string },
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = new AbortController();
  const expired = expire(limit, clock, controller, timer.signal);
  try {
    return await Promise.race([work(controller.signal), expired]);
  } finally {
    timer.abort();
  }
}

/** Settles only when the time is up: with the error that also aborts `controller`. */
async function expire(
  limit: { readonly ms: number; readonly what: string },
  clock: Clock,
  controller: AbortController,
  stopped: AbortSignal,
): Promise<never> {
  const wasStopped = await clock.sleep(limit.ms, stopped).then(
    () => false,
    () => true,
  );
  if (wasStopped) return new Promise(() => {});
  const error = new DeadlineExceededError(`${limit.what} took too long: limit_ms=${limit.ms}`);
  controller.abort(error);
  throw error;
}
