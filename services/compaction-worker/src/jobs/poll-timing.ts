/** When to poll: a pure function of what has happened. All times are of one monotonic clock, in milliseconds. */

export interface PollTiming {
  /** No poll comes before. */
  readonly beginMs: number;
  /** Between polls when nothing happens. */
  readonly intervalMs: number;
}

/** What the last polls came to. */
export interface PollHistory {
  /** When the last one that was answered was sent; leases count from then, or later. Undefined before the first. */
  readonly renewedMs: number | undefined;
  /** When the last one ended, whatever came of it. Undefined before the first. */
  readonly endedMs: number | undefined;
  /** How many failed since the last one that was answered. */
  readonly failureCount: number;
  /** The metastore does not know the method: it is older than this worker. */
  readonly isUnknown: boolean;
  /** As the last answer said. */
  readonly leaseMs: number;
}

/** Between two polls, however much there is to say: what happens meanwhile goes together. */
export const MIN_PAUSE_MS = 100;
const MIN_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
const UNKNOWN_BACKOFF_MS = 60_000;

export const noPolls: PollHistory = {
  renewedMs: undefined,
  endedMs: undefined,
  failureCount: 0,
  isUnknown: false,
  leaseMs: Infinity,
};

/** A poll was answered. */
export function stepAnswered(
  history: PollHistory,
  poll: { readonly sentMs: number; readonly endedMs: number; readonly leaseMs: number },
): PollHistory {
  const { sentMs, endedMs, leaseMs } = poll;
  return { ...history, renewedMs: sentMs, endedMs, leaseMs, failureCount: 0, isUnknown: false };
}

/** A poll failed, or nobody knows. */
export function stepFailed(
  history: PollHistory,
  poll: { readonly endedMs: number; readonly isUnknown: boolean },
): PollHistory {
  return { ...history, ...poll, failureCount: history.failureCount + 1 };
}

/**
 * When the next poll is due.
 *
 * @param now.hasNews - something ended or capacity became free since the last poll.
 * @param now.holdsLeases - jobs run, or are not reported yet: their leases are renewed three times in the time they last.
 * @param now.jitter - uniform in `[0, 1)`: workers that failed together do not come again together.
 */
export function nextPollMs(
  history: PollHistory,
  timing: PollTiming,
  now: { readonly hasNews: boolean; readonly holdsLeases: boolean; readonly jitter: number },
): number {
  const { endedMs, failureCount, renewedMs } = history;
  if (endedMs === undefined) return timing.beginMs;
  const renewalMs = now.holdsLeases ? history.leaseMs / 3 : Infinity;
  if (failureCount > 0) {
    const ceilingMs = Math.min(backoffMs(history), renewalMs);
    return endedMs + ceilingMs * (0.5 + now.jitter / 2);
  }
  const soonestMs = endedMs + MIN_PAUSE_MS;
  if (now.hasNews) return soonestMs;
  return Math.max(soonestMs, (renewedMs ?? endedMs) + Math.min(timing.intervalMs, renewalMs));
}

/** When leases must be taken for lost. */
export function leaseEndMs({ renewedMs, leaseMs }: PollHistory): number {
  return renewedMs === undefined ? Infinity : renewedMs + leaseMs;
}

function backoffMs({ failureCount, isUnknown }: PollHistory): number {
  return isUnknown ? UNKNOWN_BACKOFF_MS : Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** (failureCount - 1));
}
