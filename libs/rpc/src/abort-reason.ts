import { ConnectError } from "@connectrpc/connect";
import { CanceledError, DomainError } from "@hearth/errors";

import { fromConnectError } from "./error-mapping.ts";

/**
 * With this the signal of a call aborts when the call is over, for those who still listen. Without a reason Node makes a
 * `DOMException` with a stack each time, one of the dearest parts of a small call.
 */
export const CALL_IS_OVER = new CanceledError("the call is over");

/** Why an aborted signal was aborted, as one of our errors; a caller that just went away has `canceled` the call. */
export function abortReason(signal: AbortSignal): DomainError {
  const reason: unknown = signal.reason;
  if (reason instanceof DomainError || reason instanceof ConnectError) return fromConnectError(reason);
  return new CanceledError("the call was canceled", { cause: reason });
}

/** Whether `error` only says that a signal was aborted. */
export function isAbort(error: unknown): boolean {
  return error instanceof CanceledError || (error instanceof Error && error.name === "AbortError");
}
