import { Code, DomainError } from "@hearth/errors";
import type { RetryPolicy } from "@hearth/runtime";

const TRANSIENT: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.ResourceExhausted]);

/** Whether an error of the bucket may go away by itself. */
export function isTransient(error: unknown): boolean {
  return error instanceof DomainError && TRANSIENT.has(error.code);
}

/** For each operation on the bucket; some ten seconds in all. Whoever meets a longer outage gives the job back. */
export const STORAGE_RETRIES: RetryPolicy = {
  attempts: 6,
  minBackoffMs: 200,
  maxBackoffMs: 5_000,
  isRetryable: isTransient,
};
