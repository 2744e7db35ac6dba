import { types } from "node:util";

import { CanceledError, DomainError } from "@hearth/errors";

/** Throws the reason of an aborted signal, as one of our errors. */
export function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const reason: unknown = signal.reason;
  throw reason instanceof DomainError ? reason : new CanceledError("canceled", { cause: reason });
}

/**
 * Settles as `work` does, or rejects with the signal's reason when it aborts first. The work itself goes on: it must be
 * harmless to leave alone, and whoever owns it waits for it when closing.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(ignore);
    throw abortReason(signal);
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortReason(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** The reason of an aborted signal, as an error. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return types.isNativeError(reason) ? reason : new CanceledError("canceled", { cause: reason });
}

function ignore(): void {
  // The caller was answered with the reason of its signal.
}
