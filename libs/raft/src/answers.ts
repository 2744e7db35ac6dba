import type { NodeId } from "./entry.ts";
import { advanceCommit } from "./committing.ts";
import type { AppendRejection, AppendResponse, HeartbeatResponse } from "./message.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./raft-state.ts";
import { confirmReads } from "./reading.ts";
import { sendAppend, sendAppends, sendSnapshot } from "./sending.ts";
import { continueTransfer } from "./transfer.ts";

/** Raft §5.3 at the leader: what followers' answers mean. */

export function stepAppendResponse(raft: RaftState, response: AppendResponse): void {
  const progress = raft.progress.get(response.from);
  if (!progress || response.matchIndex > raft.log.lastIndex) return;
  if (!noteSender(raft, progress, response)) return;
  if (response.rejection) {
    stepRejection(raft, progress, response.from, response.rejection);
    return;
  }
  const isNews = progress.acknowledge(response.matchIndex);
  if (progress.state === "probe" || (progress.state === "snapshot" && isNews)) {
    if (progress.matchIndex >= raft.log.start.index) progress.becomeReplicate();
  }
  if (isNews) advanceCommit(raft);
  if (raft.role !== "leader") return;
  sendAppends(raft, response.from, progress, false);
  continueTransfer(raft, response.from, progress);
}

export function stepHeartbeatResponse(raft: RaftState, response: HeartbeatResponse): void {
  const progress = raft.progress.get(response.from);
  if (!progress || !noteSender(raft, progress, response)) return;
  progress.readId = Math.max(progress.readId, response.readId);
  progress.isPaused = false;
  // Something may have been lost on the way: an empty Append asks.
  if (progress.matchIndex < raft.log.lastIndex) {
    if (progress.state === "replicate") sendAppend(raft, response.from, progress, []);
    else sendAppends(raft, response.from, progress, true);
  }
  confirmReads(raft);
}

/** Who sends knows that the peer was not reached. */
export function notePeerUnreachable(raft: RaftState, node: NodeId): void {
  const progress = raft.progress.get(node);
  if (progress?.state === "replicate") progress.becomeProbe(progress.matchIndex + 1);
}

/** The log was compacted before a range was sent: only a snapshot can help. */
export function noteRangeGone(raft: RaftState, node: NodeId): void {
  const progress = raft.progress.get(node);
  if (progress) sendSnapshot(raft, node, progress);
}

/** @param isSent - the follower has it, up to `index`; otherwise the next answer to a heartbeat begins again. */
export function noteSnapshotSent(raft: RaftState, node: NodeId, index: number, isSent: boolean): void {
  const progress = raft.progress.get(node);
  if (progress?.state !== "snapshot") return;
  progress.becomeProbe(isSent ? index + 1 : progress.matchIndex + 1);
  progress.isPaused = true;
}

/** The place where the logs agree is at most where the hint says; each step passes over a whole term. */
function stepRejection(
  raft: RaftState,
  progress: Progress,
  node: NodeId,
  { index, hintIndex, hintTerm }: AppendRejection,
): void {
  const isStale =
    progress.state === "snapshot" ||
    index <= progress.matchIndex ||
    (progress.state === "probe" && index !== progress.nextIndex - 1);
  if (isStale) return;
  progress.becomeProbe(raft.log.lastAtMost(hintTerm, hintIndex) + 1);
  sendAppends(raft, node, progress, true);
}

/**
 * Notes that the peer lives. @returns false when the answer does not count: it is of a process that is no more, or a new
 * process has less on its disk than an old one acknowledged.
 */
function noteSender(
  raft: RaftState,
  progress: Progress,
  { bootId, lastIndex }: AppendResponse | HeartbeatResponse,
): boolean {
  if (bootId < progress.bootId) return false;
  if (bootId > progress.bootId) {
    progress.bootId = bootId;
    if (lastIndex < progress.matchIndex) {
      progress.hasRegressed = true;
      raft.alarms.push("peer-log-regression");
    }
  }
  if (progress.hasRegressed) return false;
  progress.noteHeard();
  return true;
}
