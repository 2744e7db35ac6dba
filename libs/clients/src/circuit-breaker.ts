import { assertNever } from "@hearth/errors";

/**
 * Stops sending to a process that does not answer, so that callers turn elsewhere at once, and lets a few calls through
 * after a while to see whether it is back. Pure: `now` comes from outside.
 */
export type Breaker =
  /** `failureCount` calls in a row did not reach it. */
  | { readonly type: "closed"; readonly failureCount: number }
  | { readonly type: "open"; readonly untilMs: number }
  /** On trial: `inFlightCount + successCount` never exceeds {@link TRIAL_CALLS}. */
  | { readonly type: "half-open"; readonly inFlightCount: number; readonly successCount: number };

/** `answered` is any answer, an error too; `abandoned` when the caller gave up first, which says nothing. */
export type Outcome = "answered" | "unavailable" | "abandoned";

const MAX_FAILURES = 3;
const OPEN_MS = 1_000;
const TRIAL_CALLS = 5;

/** As a process begins: nothing is held against it. */
export const closedBreaker: Breaker = { type: "closed", failureCount: 0 };

/** Whether a call may start now; apply {@link stepAdmit} when it does. */
export function admits(breaker: Breaker, nowMs: number): boolean {
  switch (breaker.type) {
    case "closed":
      return true;
    case "open":
      return nowMs >= breaker.untilMs;
    case "half-open":
      return breaker.inFlightCount + breaker.successCount < TRIAL_CALLS;
    default:
      return assertNever(breaker);
  }
}

/** A call starts, which {@link admits} allowed. */
export function stepAdmit(breaker: Breaker): Breaker {
  switch (breaker.type) {
    case "closed":
      return breaker;
    case "open":
      return { type: "half-open", inFlightCount: 1, successCount: 0 };
    case "half-open":
      return { ...breaker, inFlightCount: breaker.inFlightCount + 1 };
    default:
      return assertNever(breaker);
  }
}

/** A call ended. Calls that started before the breaker opened count for nothing any more. */
export function stepOutcome(breaker: Breaker, outcome: Outcome, nowMs: number): Breaker {
  switch (breaker.type) {
    case "closed":
      return stepClosed(breaker.failureCount, outcome, nowMs);
    case "open":
      return breaker;
    case "half-open":
      return stepTrial(breaker, outcome, nowMs);
    default:
      return assertNever(breaker);
  }
}

function stepTrial(breaker: Breaker & { type: "half-open" }, outcome: Outcome, nowMs: number): Breaker {
  if (outcome === "unavailable") return { type: "open", untilMs: nowMs + OPEN_MS };
  const inFlightCount = Math.max(0, breaker.inFlightCount - 1);
  const successCount = breaker.successCount + (outcome === "answered" ? 1 : 0);
  return successCount >= TRIAL_CALLS ? closedBreaker : { type: "half-open", inFlightCount, successCount };
}

function stepClosed(failureCount: number, outcome: Outcome, nowMs: number): Breaker {
  if (outcome === "answered") return closedBreaker;
  if (outcome === "abandoned") return { type: "closed", failureCount };
  return failureCount + 1 >= MAX_FAILURES
    ? { type: "open", untilMs: nowMs + OPEN_MS }
    : { type: "closed", failureCount: failureCount + 1 };
}
