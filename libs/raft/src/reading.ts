import type { ReadIndex, ReadIndexResponse } from "./message.ts";
import { isQuorum } from "./quorum.ts";
import type { RaftState } from "./raft-state.ts";
import type { ReadOrigin } from "./read-queue.ts";
import { sendHeartbeats } from "./sending.ts";

/** Reads that see everything acknowledged before them, without an entry in the log (Raft §8, thesis §6.4). */

export type ReadRefusal = "no-leader" | "too-many-reads";

/** Asks for the index that a read at this node must see: of itself as a leader, or of the leader. */
export function startRead(raft: RaftState, readId: number): ReadRefusal | undefined {
  if (raft.leader === undefined) return "no-leader";
  const { bootId } = raft.deps;
  if (raft.role === "leader") {
    return queueRead(raft, { node: raft.id, bootId, readId }) ? undefined : "too-many-reads";
  }
  const { id: from, leader: to, term } = raft;
  raft.immediate.push({ type: "read-index", from, to, term, readId, bootId });
  return undefined;
}

/** A follower asks. When too many wait it gets no answer and asks again. */
export function stepReadIndex(raft: RaftState, { from, bootId, readId }: ReadIndex): void {
  if (raft.role === "leader") queueRead(raft, { node: from, bootId, readId });
}

/** An answer to a process that is no more means nothing to this one. */
export function stepReadIndexResponse(raft: RaftState, response: ReadIndexResponse): void {
  if (response.bootId !== raft.deps.bootId) return;
  const origin = { node: raft.id, bootId: response.bootId, readId: response.readId };
  raft.confirmedReads.push({ origin, index: response.index });
}

/** Something of this term is committed: the commit index is all that ever was acknowledged. */
export function releaseReads(raft: RaftState): void {
  raft.reads.releaseHeld(raft.commit);
  askQuorum(raft);
}

/** Answers the reads whose round a quorum has confirmed in this term. */
export function confirmReads(raft: RaftState): void {
  if (raft.reads.length === 0) return;
  const { reads } = raft;
  const roundId = confirmedRound(raft);
  for (const read of reads.confirm(roundId)) {
    const { node: to, bootId, readId } = read.origin;
    if (to === raft.id) raft.confirmedReads.push(read);
    else {
      const { id: from, term } = raft;
      raft.immediate.push({ type: "read-index-response", from, to, term, readId, bootId, index: read.index });
    }
  }
  askQuorum(raft);
}

function queueRead(raft: RaftState, origin: ReadOrigin): boolean {
  if (raft.reads.length >= raft.settings.maxReads) return false;
  if (raft.log.term(raft.commit) === raft.term) raft.reads.add(origin, raft.commit);
  else raft.reads.hold(origin);
  askQuorum(raft);
  return true;
}

function askQuorum(raft: RaftState): void {
  if (!raft.reads.takeRound()) return;
  sendHeartbeats(raft);
  // A leader that is a quorum by itself has its own word.
  confirmReads(raft);
}

/** The highest round that a quorum, this node included, has confirmed. */
function confirmedRound(raft: RaftState): number {
  const confirmed = (least: number): boolean =>
    isQuorum(raft.membership, (node) => node === raft.id || (raft.progress.get(node)?.readId ?? 0) >= least);
  const rounds = [...raft.progress.values()].map(({ readId }) => readId);
  return Math.max(0, ...[...rounds, raft.reads.roundId].filter((round) => confirmed(round)));
}
