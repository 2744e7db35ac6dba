import { InvalidArgumentError } from "@hearth/errors";

import type { TimeRange } from "./time-range.ts";

/**
 * The step between points in whole milliseconds.
 *
 * @param stepSeconds - may have a fraction.
 * @throws {InvalidArgumentError} if it is no number or less than a millisecond.
 */
export function queriedStepMs(stepSeconds: number): number {
  // Through nanoseconds, as clients that print the step from nanoseconds expect: 0.001 must not become 0.
  const stepMs = Math.floor(Math.trunc(stepSeconds * 1e9) / 1e6);
  if (!Number.isSafeInteger(stepMs) || stepMs < 1) throw new InvalidArgumentError("step must be >= 1ms");
  return stepMs;
}

/** @throws {InvalidArgumentError} if the range has more than `maxPoints` steps. */
export function checkPointCount(range: TimeRange, stepMs: number, maxPoints: number): void {
  const points = Math.floor((range.endMs - range.startMs) / stepMs) + 1;
  if (points <= maxPoints) return;
  throw new InvalidArgumentError(
    `the step is too small for the time range: points=${points} limit=${maxPoints} step_ms=${stepMs}`,
  );
}
