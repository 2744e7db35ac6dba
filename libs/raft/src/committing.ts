import type { EntryType, LogEntry, NodeId } from "./entry.ts";
import { encodeMembership, finalStep, isJoint, isVoter, membersOf, type Membership } from "./membership.ts";
import { Progress } from "./progress.ts";
import { quorumIndex } from "./quorum.ts";
import { appendOwn, becomeFollower, type RaftState } from "./raft-state.ts";
import { releaseReads } from "./reading.ts";
import { broadcastAppend } from "./sending.ts";

/** What a leader puts into the log, and when it is committed. */

export function appendAsLeader(raft: RaftState, type: EntryType, payload: Uint8Array): LogEntry {
  const entry = appendOwn(raft, type, payload);
  noteUncommitted(raft, entry);
  broadcastAppend(raft);
  return entry;
}

/** A configuration takes effect when it is appended (Raft §6). */
export function appendMembership(raft: RaftState, membership: Membership): LogEntry {
  const entry = appendOwn(raft, "membership", encodeMembership(membership));
  raft.memberships.push(entry.index, membership);
  noteUncommitted(raft, entry);
  syncProgress(raft);
  broadcastAppend(raft);
  return entry;
}

/** Makes the peers that are followed those of the configuration. */
export function syncProgress(raft: RaftState): void {
  const members = new Set(membersOf(raft.membership));
  members.delete(raft.id);
  for (const node of raft.progress.keys()) if (!members.has(node)) raft.progress.delete(node);
  for (const node of members) {
    if (!raft.progress.has(node)) raft.progress.set(node, new Progress(raft.log.lastIndex + 1));
  }
  if (raft.transferTarget !== undefined && !isVoter(raft.membership, raft.transferTarget)) {
    raft.transferTarget = undefined;
  }
}

/** The largest index on a quorum whose entry is of this term is committed, and all before it (Raft §5.3, §5.4.2). */
export function advanceCommit(raft: RaftState): void {
  if (raft.role !== "leader") return;
  const index = quorumIndex(raft.membership, (node) => storedIndex(raft, node));
  if (index <= raft.commit || raft.log.term(index) !== raft.term) return;
  raft.commit = index;
  noteCommitted(raft);
  // Followers learn it with the next entries, or the next heartbeat: nothing waits for them to know.
  releaseReads(raft);
  finishMembershipChange(raft);
}

/** A joint configuration that is committed is left at once, whoever leads then; a leader that is no member any more goes. */
function finishMembershipChange(raft: RaftState): void {
  if (raft.memberships.currentIndex > raft.commit) return;
  if (isJoint(raft.membership)) appendMembership(raft, finalStep(raft.membership));
  else if (!isVoter(raft.membership, raft.id)) {
    // Its last word, or nobody would hear of it before the next leader commits.
    broadcastAppend(raft, { evenEmpty: true });
    becomeFollower(raft, raft.term, undefined);
  }
}

function noteUncommitted(raft: RaftState, { index, payload }: LogEntry): void {
  raft.uncommitted.push({ index, sizeBytes: payload.length });
  raft.uncommittedBytes += payload.length;
}

/** The log cannot tell the sizes: it drops from memory what is on disk, committed or not. */
function noteCommitted(raft: RaftState): void {
  const open = raft.uncommitted.findIndex(({ index }) => index > raft.commit);
  const committed = raft.uncommitted.splice(0, open < 0 ? raft.uncommitted.length : open);
  for (const { sizeBytes } of committed) raft.uncommittedBytes -= sizeBytes;
}

/** Its own disk counts like that of others. */
function storedIndex(raft: RaftState, node: NodeId): number {
  return node === raft.id ? raft.log.stableIndex : (raft.progress.get(node)?.countedIndex ?? 0);
}
