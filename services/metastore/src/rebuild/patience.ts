import { Code, DomainError } from "@hearth/errors";
import type { RetryPolicy } from "@hearth/runtime";

/** What may go away by itself, and what may have been done though it failed: both are safe to repeat here. */
const RETRYABLE: ReadonlySet<number> = new Set([
  Code.Unavailable,
  Code.Aborted,
  Code.ResourceExhausted,
  Code.DeadlineExceeded,
]);

function isRetryable(error: unknown): boolean {
  return error instanceof DomainError && RETRYABLE.has(error.code);
}

/** With the bucket or the metastore as a whole: about two minutes, long enough for either to be started again. */
export const PATIENCE: RetryPolicy = {
  attempts: 120,
  minBackoffMs: 100,
  maxBackoffMs: 2_000,
  isRetryable,
};

/** With one object: the others need not wait for it. */
export const PATIENCE_WITH_ONE: RetryPolicy = { ...PATIENCE, attempts: 5 };
