import { invariant } from "@hearth/errors";
import type { CommandProposer } from "../command-proposer.ts";
import { COMPACTION_VERSION, encodeExpireBlocks } from "../index-state/command-codec.ts";
import type { MetastoreStateMachine } from "../metastore-state-machine.ts";

export interface RetentionDeps {
  readonly proposer: CommandProposer;
  readonly stateMachine: MetastoreStateMachine;
  /** How long the data of a tenant is kept, in milliseconds; 0: for ever. */
  readonly retentionMsOf: (tenant: string) => number;
}

/** Blocks of one command: more would keep the state busy for too long. */
const BATCH = 500;

/** The time before which data of each tenant is too old. Tenants that keep everything are not named. */
export function cutoffsOf(
  tenants: readonly string[],
  {
    nowMs,
    graceMs,
    retentionMsOf,
  }: { nowMs: number; graceMs: number; retentionMsOf: (tenant: string) => number },
): Map<string, number> {
  const cutoffs = new Map<string, number>();
  for (const tenant of tenants) {
    const retentionMs = retentionMsOf(tenant);
    const beforeMs = Math.floor(nowMs - retentionMs - graceMs);
    if (retentionMs > 0 && beforeMs > 0) cutoffs.set(tenant, beforeMs);
  }
  return cutoffs;
}

/**
 * Lets all blocks go that are too old now. To be called at the leader.
 *
 * @returns how many went.
 * @throws {UnavailableError} when it is not known whether they went: the next call finds what is left.
 */
export async function expireBlocks(
  deps: RetentionDeps,
  graceMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { proposer, stateMachine, retentionMsOf } = deps;
  if (proposer.commandVersion < COMPACTION_VERSION) return 0;
  // The time of the log, not of this machine. Workers poll every few seconds: it is late by no more.
  const nowMs = stateMachine.state.lastStampMs;
  let total = 0;
  for (;;) {
    const tenants = stateMachine.state.index.tenants();
    const cutoffs = cutoffsOf(tenants, { nowMs, graceMs, retentionMsOf });
    if (cutoffs.size === 0) return total;
    const result = await proposer.propose(
      (envelope) =>
        encodeExpireBlocks({ cutoffs, maxBlocks: BATCH }, { ...envelope, requestId: new Uint8Array() }),
      signal,
    );
    invariant(result.type === "blocks-expired", `expiring came to ${result.type}`);
    total += result.blockCount;
    if (result.isComplete) return total;
  }
}
