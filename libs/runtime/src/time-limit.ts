import { DeadlineExceededError } from "@hearth/errors";

import type { Clock } from "./clock.ts";

/**
 * Gives `work` so much time by the injected clock, then aborts its signal and goes on without it.
 *
 * @param parent - aborts the signal of `work` too, with its reason; then `work` is waited for.
 * @throws {DeadlineExceededError} naming `what`.
 */
export async function withTimeLimit<T>(
  limit: { readonly ms: number; readonly what: string },
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const timer = new AbortController();
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener("abort", onParent, { once: true });
  const expired = expire(limit, clock, controller, timer.signal);
  try {
    return await Promise.race([work(controller.signal), expired]);
  } finally {
    timer.abort();
    parent?.removeEventListener("abort", onParent);
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
