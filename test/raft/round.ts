import { systemClock, type Random } from "@hearth/runtime";

import { waitUntil } from "../support/wait-until.ts";
import { faults, gracefulFaults, type FaultName } from "./faults.ts";
import { checkFinalState, checkHistory, type Registration } from "./history.ts";
import { type FailedOperation, Load, readTenant } from "./load.ts";
import { longestPauseMs } from "./pauses.ts";
import type { RaftCluster } from "./raft-cluster.ts";

/** Writes before and after the fault, so that the group is known to be at work. */
const STEADY = 20;
const ANSWER_WITHIN_MS = 30_000;
const ANSWER_TIMEOUT_MS = 10_000;

export interface RoundReport {
  readonly fault: FaultName;
  readonly offences: readonly string[];
  readonly registrations: readonly Registration[];
  readonly readCount: number;
  readonly acknowledgedCount: number;
  /** Not an offence, but for faults that are graceful. */
  readonly failures: readonly FailedOperation[];
  /** The longest time without an acknowledged write, from the beginning of the fault until all was well again. */
  readonly pauseMs: number;
}

/** One fault under load, the way back, and everything that clients saw checked. Each round has a tenant of its own. */
export async function faultRound(
  cluster: RaftCluster,
  fault: FaultName,
  { tenant, random }: { readonly tenant: string; readonly random: Random },
): Promise<RoundReport> {
  await using load = await Load.start(cluster.addresses, tenant, Math.floor(random.next() * 2 ** 32));
  await load.untilAcknowledged(STEADY);
  const faultMs = systemClock.monotonicMs();
  await faults[fault]({ cluster, load, random });
  await cluster.untilHealthy();
  await load.untilAcknowledged(STEADY);
  await load.stop();
  const { history, failures, acknowledgedMs } = load;
  const offences = [
    ...checkHistory(history),
    ...checkFinalState(history.registrations, await seenByEach(cluster, tenant)),
    ...(gracefulFaults.has(fault) ? failures.map(describeFailure) : []),
  ];
  return {
    fault,
    offences,
    registrations: history.registrations,
    readCount: history.reads.length,
    acknowledgedCount: acknowledgedMs.length,
    failures,
    pauseMs: longestPauseMs(acknowledgedMs, faultMs),
  };
}

/** What each member shows of a tenant, asked by itself. */
export async function seenByEach(cluster: RaftCluster, tenant: string): Promise<Map<string, string[]>> {
  const seen = new Map<string, string[]>();
  for (const place of cluster.members) {
    let reason = "";
    const ask = async (): Promise<boolean> => {
      try {
        seen.set(
          `${place}`,
          await readTenant(cluster.node(place).metastore.metadataQuery, tenant, ANSWER_TIMEOUT_MS),
        );
        return true;
      } catch (error) {
        reason = String(error);
        return false;
      }
    };
    await waitUntil(ask, { timeoutMs: ANSWER_WITHIN_MS, what: () => `node ${place} answers: ${reason}` });
  }
  return seen;
}

export function describeFailure({ what, startMs, endMs, reason }: FailedOperation): string {
  return `a ${what} failed after ${Math.round(endMs - startMs)} ms: ${reason}`;
}
