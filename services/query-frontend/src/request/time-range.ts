import { InvalidArgumentError } from "@hearth/errors";

import { goDuration, prometheusDuration } from "./duration-text.ts";
import type { QueryLimits } from "./query-limits.ts";

/** Unix milliseconds, both inclusive. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** As they stand in a request: Unix milliseconds, 0 when unset. */
export interface RequestedTimes {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * The range to query, moved into what the tenant may see.
 *
 * @returns undefined when all of it is too old: the answer is then empty.
 * @throws {InvalidArgumentError} if an end is missing, they are reversed or the range is too long.
 */
export function queriedRange(
  { start, end }: RequestedTimes,
  limits: Pick<QueryLimits, "maxQueryLengthMs" | "maxQueryLookbackMs">,
  nowMs: number,
): TimeRange | undefined {
  if (start === 0n || end === 0n) throw new InvalidArgumentError("missing time range in the query");
  if (start > end) throw new InvalidArgumentError("query start time is after end time");
  const oldestMs = limits.maxQueryLookbackMs > 0 ? nowMs - limits.maxQueryLookbackMs : -Infinity;
  const endMs = millisOf(end);
  const startMs = Math.max(millisOf(start), oldestMs);
  if (endMs < oldestMs) return undefined;
  if (limits.maxQueryLengthMs > 0 && endMs - startMs > limits.maxQueryLengthMs) {
    throw new InvalidArgumentError(
      `the query time range exceeds the limit (max_query_length, actual: ${goDuration(endMs - startMs)}, ` +
        `limit: ${prometheusDuration(limits.maxQueryLengthMs)})`,
    );
  }
  return { startMs, endMs };
}

/**
 * Beyond what a double holds exactly there are no profiles, but there are clients that ask for all time: what is rounded
 * up past 64 bits, or has a step added to it, could not be written to a message any more.
 */
function millisOf(time: bigint): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(time), Number.MAX_SAFE_INTEGER));
}

/** What is asked for where a client names no range. */
export function lastHour(nowMs: number): RequestedTimes {
  return { start: BigInt(nowMs - 3_600_000), end: BigInt(nowMs) };
}
