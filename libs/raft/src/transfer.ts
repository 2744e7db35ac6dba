import { startElection } from "./elections.ts";
import type { NodeId } from "./entry.ts";
import { isVoter } from "./membership.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./raft-state.ts";
import { sendAppends } from "./sending.ts";

/** Handing the lead to another voter (Raft thesis §3.10). */

export type TransferRefusal = "not-leader" | "not-a-voter";

/** From now on proposals are refused, until the target leads or E ticks have passed. */
export function startTransfer(raft: RaftState, target: NodeId): TransferRefusal | undefined {
  if (raft.role !== "leader") return "not-leader";
  const progress = raft.progress.get(target);
  if (!progress || !isVoter(raft.membership, target)) return "not-a-voter";
  // Asked again, it ends when it would have ended. The check of the quorum goes on meanwhile.
  if (raft.transferTarget !== target) raft.transferElapsed = 0;
  raft.transferTarget = target;
  sendAppends(raft, target, progress, true);
  continueTransfer(raft, target, progress);
  return undefined;
}

/** When the target has the whole log it may stand for election at once. */
export function continueTransfer(raft: RaftState, node: NodeId, progress: Progress): void {
  if (raft.transferTarget !== node || progress.matchIndex !== raft.log.lastIndex) return;
  raft.immediate.push({ type: "timeout-now", from: raft.id, to: node, term: raft.term });
}

/** The leader asked for it, so no pre-vote, and voters need not wait until they miss the leader. */
export function stepTimeoutNow(raft: RaftState): void {
  if (raft.role === "leader" || !raft.isPromotable) return;
  startElection(raft, true);
}
