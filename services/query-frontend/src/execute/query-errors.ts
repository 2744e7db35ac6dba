import { ConnectError } from "@connectrpc/connect";
import { CanceledError, Code, DataLossError, DeadlineExceededError, DomainError } from "@hearth/errors";
import { abortReason } from "@hearth/rpc";

/** The code of an error of ours or of a client library; undefined for others. */
function codeOf(error: unknown): Code | undefined {
  return error instanceof DomainError || error instanceof ConnectError ? error.code : undefined;
}

/** Whether a backend did not find an object that the metadata names: a compaction may have replaced it. */
export function isMissingObject(error: unknown): boolean {
  return codeOf(error) === Code.NotFound;
}

/** Instead of an answer that lacks the profiles of a block. */
export function missingObjectError(cause: unknown): DataLossError {
  return new DataLossError(
    "a block is registered but its object is missing; the answer would lack its profiles",
    { cause },
  );
}

/**
 * What the caller of a query is told. Codes of the parts behind are kept, so that what may succeed elsewhere or later
 * is seen as such; the texts for cancels and deadlines are those that clients know.
 *
 * @param signal - what the failed work was waiting on.
 */
export function queryError(thrown: unknown, signal: AbortSignal): unknown {
  // What waits on an aborted signal throws all sorts of things: the reason is what happened.
  const error = signal.aborted ? abortReason(signal) : thrown;
  switch (codeOf(error)) {
    case Code.Canceled:
      return new CanceledError("the request was cancelled by the client", { cause: error });
    case Code.DeadlineExceeded:
      return new DeadlineExceededError(
        "request timed out, decrease the duration of the request or add more label matchers " +
          "(prefer exact match over regex match) to reduce the amount of data processed",
        { cause: error },
      );
    default:
      return error;
  }
}
