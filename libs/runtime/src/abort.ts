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

/**
 * The items of `source`, until `signal` aborts: the end comes then, without an error. An item that is being waited for is
 * left alone.
 */
export async function* itemsUntilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  for (;;) {
    const next = await nextUntilAborted(items, signal);
    if (next?.done !== false) return;
    yield next.value;
  }
}

/** Undefined when the signal aborts first. */
async function nextUntilAborted<T>(
  items: AsyncIterator<T>,
  signal: AbortSignal,
): Promise<IteratorResult<T> | undefined> {
  try {
    return await untilAborted(items.next(), signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
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
