import type { Interceptor } from "@connectrpc/connect";
import { deadline } from "@hearth/runtime";

import { abortReason } from "./abort-reason.ts";

/**
 * Ends unary calls after `maxDurationMs`, or earlier when the client's own deadline passes or it goes away. The
 * implementation sees that in its signal, whose reason is one of our errors; one that does not listen is abandoned, so
 * that the client has its answer in time. Streams last as long as their client wants.
 */
export function deadlineInterceptor(maxDurationMs: number): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    using caller = withOurReason(request.signal);
    using limit = deadline(maxDurationMs, caller.signal);
    return await Promise.race([next({ ...request, signal: limit.signal }), rejectionOf(limit.signal)]);
  };
}

/** Follows `signal`, but aborts with one of our errors: Connect's own are not known to the code that listens. */
function withOurReason(signal: AbortSignal): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(abortReason(signal));
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort),
  };
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(abortReason(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
}
