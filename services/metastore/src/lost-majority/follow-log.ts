import { assertNever, DataLossError, FailedPreconditionError } from "@hearth/errors";
import { decodeMembership, type LogEntry, type LogPosition, type Membership } from "@hearth/raft";
import type { Clock } from "@hearth/runtime";
import { follows } from "../replicated-log/log-entry.ts";
import type { LogStore } from "../replicated-log/log-store.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";

const TELL_EVERY_MS = 1_000;

export interface FollowDeps {
  readonly log: Pick<LogStore, "entries">;
  /** Stands at `from`. */
  readonly stateMachine: StateMachine<unknown>;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Told at most once a second. */
  readonly onApplied: (progress: { readonly applied: number; readonly of: number }) => void;
}

/**
 * Applies the entries of a log after `from`, up to and with the one at `end`, committed or not.
 *
 * @returns the members that the last of them names; undefined when none does.
 * @throws {FailedPreconditionError} when an entry needs a newer version.
 * @throws {DataLossError} when an entry is not as it was when the log was looked through.
 */
export async function followLog(
  { log, stateMachine, clock, onApplied }: FollowDeps,
  { from, end }: { readonly from: LogPosition; readonly end: LogPosition },
  signal: AbortSignal,
): Promise<Membership | undefined> {
  let membership: Membership | undefined;
  let before = from;
  let toldMs = clock.monotonicMs();
  for await (const { index, entry } of log.entries(from.index + 1)) {
    if (before.index === end.index) break;
    signal.throwIfAborted();
    if (!entry || !follows(entry, before)) throw new DataLossError(`an entry is damaged: index=${index}`);
    membership = applyEntry(entry, stateMachine) ?? membership;
    before = entry;
    if (clock.monotonicMs() - toldMs < TELL_EVERY_MS) continue;
    toldMs = clock.monotonicMs();
    onApplied({ applied: index - from.index, of: end.index - from.index });
  }
  if (before.chain !== end.chain) throw new DataLossError(`the log ends too early: index=${before.index}`);
  return membership;
}

function applyEntry(entry: LogEntry, stateMachine: StateMachine<unknown>): Membership | undefined {
  switch (entry.type) {
    case "no-op":
      return undefined;
    case "command": {
      const outcome = stateMachine.apply(entry.payload);
      if (outcome.type === "unsupported") throw new FailedPreconditionError(outcome.reason);
      return undefined;
    }
    case "membership": {
      const membership = decodeMembership(entry.payload);
      if (!membership) throw new DataLossError(`an entry names no members: index=${entry.index}`);
      return membership;
    }
    default:
      return assertNever(entry.type);
  }
}
