import { DeadlineExceededError } from "@hearth/errors";

/**
 * A signal that aborts after `ms` milliseconds with a {@link DeadlineExceededError}, or with `parent` and its reason.
 * Dispose it when the work is done, so that the timer does not outlive it.
 */
export function deadline(ms: number, parent?: AbortSignal): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DeadlineExceededError(`deadline exceeded: timeout_ms=${ms}`)),
    Math.min(ms, 0x7fffffff),
  );
  const onParent = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) onParent();
  else parent?.addEventListener("abort", onParent, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      parent?.removeEventListener("abort", onParent);
    },
  };
}
