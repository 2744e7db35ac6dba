import { entrySizeBytes, type LogEntry, type NodeId } from "./entry.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./raft-state.ts";

/** Raft §5.3 at the leader: what goes to each follower. */

export function broadcastAppend(raft: RaftState, options: { evenEmpty?: boolean } = {}): void {
  for (const [node, progress] of raft.progress) {
    sendAppends(raft, node, progress, options.evenEmpty === true);
  }
}

/** Tells all that this node leads, what is committed, and which reads wait to be confirmed. */
export function sendHeartbeats(raft: RaftState): void {
  raft.heartbeatElapsed = 0;
  raft.reads.noteAsked();
  for (const [node, progress] of raft.progress) {
    raft.immediate.push({
      type: "heartbeat",
      from: raft.id,
      to: node,
      term: raft.term,
      commit: Math.min(progress.matchIndex, raft.commit),
      readId: raft.reads.roundId,
    });
  }
}

/** Sends what the peer lacks, as far as its window goes. @param evenEmpty - one Append even if it lacks nothing. */
export function sendAppends(raft: RaftState, node: NodeId, progress: Progress, evenEmpty: boolean): void {
  let mayBeEmpty = evenEmpty;
  while (!progress.isPaused && progress.state !== "snapshot" && !progress.isWindowFull) {
    if (progress.nextIndex > raft.log.lastIndex && !mayBeEmpty) return;
    mayBeEmpty = false;
    const { state } = progress;
    if (!sendNextAppend(raft, node, progress) || state === "probe") return;
  }
}

export function sendAppend(
  raft: RaftState,
  node: NodeId,
  progress: Progress,
  entries: readonly LogEntry[],
  rangeEnd?: number,
): void {
  const prev = raft.log.position(progress.nextIndex - 1);
  if (!prev) {
    sendSnapshot(raft, node, progress);
    return;
  }
  raft.immediate.push({
    type: "append",
    from: raft.id,
    to: node,
    term: raft.term,
    prev,
    commit: raft.commit,
    entries,
    rangeEnd,
  });
  const lastIndex = rangeEnd === undefined ? prev.index + entries.length : rangeEnd - 1;
  if (lastIndex === prev.index && progress.state === "replicate") return;
  progress.noteSent(lastIndex, rangeEnd === undefined ? sizeOf(entries) : raft.settings.maxAppendBytes);
}

/** A peer that is not heard of would not get it. */
export function sendSnapshot(raft: RaftState, node: NodeId, progress: Progress): void {
  if (!progress.isActive || progress.state === "snapshot") return;
  progress.becomeSnapshot();
  raft.immediate.push({
    type: "install-snapshot",
    from: raft.id,
    to: node,
    term: raft.term,
    snapshot: undefined,
  });
}

/** @returns false when the peer needs a snapshot, or entries that memory has no more were all that could be sent. */
function sendNextAppend(raft: RaftState, node: NodeId, progress: Progress): boolean {
  const { log } = raft;
  if (progress.nextIndex <= log.start.index) {
    sendSnapshot(raft, node, progress);
    return false;
  }
  const entries = entriesFrom(raft, progress.nextIndex);
  if (entries) {
    sendAppend(raft, node, progress, entries);
    return true;
  }
  const rangeEnd = Math.min(log.lastIndex + 1, progress.nextIndex + raft.settings.maxAppendEntries);
  sendAppend(raft, node, progress, [], rangeEnd);
  return true;
}

/** At most one Append of entries from `index` on; undefined when memory does not have them. */
function entriesFrom(raft: RaftState, index: number): LogEntry[] | undefined {
  const { maxAppendEntries, maxAppendBytes } = raft.settings;
  const end = Math.min(raft.log.lastIndex + 1, index + maxAppendEntries);
  const entries = raft.log.entries(index, end);
  let sizeBytes = 0;
  const cut = entries?.findIndex(
    (entry, at) => (sizeBytes += entrySizeBytes(entry)) > maxAppendBytes && at > 0,
  );
  return cut === undefined || cut < 0 ? entries : entries?.slice(0, cut);
}

function sizeOf(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, entry) => sum + entrySizeBytes(entry), 0);
}
