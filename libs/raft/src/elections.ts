import { membersOf } from "./membership.ts";
import type { PreVote, PreVoteResponse, Vote, VoteResponse } from "./message.ts";
import { voteOutcome } from "./quorum.ts";
import { becomeFollower, enterTerm, resetElectionTimer, type RaftState } from "./raft-state.ts";
import { becomeLeader } from "./leading.ts";

/** Elections: pre-vote (Raft thesis §9.6), votes (Raft §5.2, §5.4.1), stickiness (thesis §4.2.3). */

/** No leader for too long: asks whether an election would be won, before it disturbs anybody with a new term. */
export function startPreVote(raft: RaftState): void {
  raft.role = "pre-candidate";
  raft.leader = undefined;
  resetElectionTimer(raft);
  const { index, term } = raft.log.last;
  for (const to of membersOf(raft.membership)) {
    if (to === raft.id) continue;
    raft.afterPersist.push({
      type: "pre-vote",
      from: raft.id,
      to,
      term: raft.term + 1,
      lastIndex: index,
      lastTerm: term,
    });
  }
  recordVote(raft, raft.id, true);
}

/**
 * Enters the next term and votes for itself. The requests leave, and its own vote counts, when term and vote are on disk: a
 * vote that a restart forgets could be cast twice.
 */
export function startElection(raft: RaftState, isTransfer: boolean): void {
  enterTerm(raft, raft.term + 1);
  raft.role = "candidate";
  raft.leader = undefined;
  raft.vote = raft.id;
  resetElectionTimer(raft);
  raft.ownVoteSeq = raft.seq + 1;
  const { index, term } = raft.log.last;
  for (const to of membersOf(raft.membership)) {
    if (to === raft.id) continue;
    raft.afterPersist.push({
      type: "vote",
      from: raft.id,
      to,
      term: raft.term,
      lastIndex: index,
      lastTerm: term,
      isTransfer,
    });
  }
}

/** The disk has term and vote: this node's own vote counts. */
export function countOwnVote(raft: RaftState): void {
  if (raft.role !== "candidate" || raft.ownVoteSeq === undefined || raft.ownVoteSeq > raft.persistedSeq) {
    return;
  }
  raft.ownVoteSeq = undefined;
  recordVote(raft, raft.id, true);
}

/** Grants when the candidate could be elected and no leader is heard of. Nothing changes. */
export function stepPreVote(raft: RaftState, request: PreVote): void {
  const isVoteFree =
    request.term > raft.term ||
    (request.term === raft.term &&
      (raft.vote === request.from || (raft.vote === undefined && raft.leader === undefined)));
  const isGranted = isVoteFree && raft.log.isUpToDate(request.lastIndex, request.lastTerm);
  // A grant repeats the term that was asked for; a refusal tells the own one, so that a node that is behind learns it.
  const response: PreVoteResponse = {
    type: "pre-vote-response",
    from: raft.id,
    to: request.from,
    term: isGranted ? request.term : raft.term,
    isGranted,
  };
  (raft.isHardStateUnwritten ? raft.afterPersist : raft.immediate).push(response);
}

/** Learners answer too, and nodes that do not know whether they belong to the cluster: the candidate knows whom to count. */
export function stepVote(raft: RaftState, request: Vote): void {
  const isVoteFree = raft.vote === request.from || (raft.vote === undefined && raft.leader === undefined);
  const isGranted =
    request.term === raft.term && isVoteFree && raft.log.isUpToDate(request.lastIndex, request.lastTerm);
  if (isGranted) {
    raft.vote = request.from;
    raft.electionElapsed = 0;
  }
  const response: VoteResponse = {
    type: "vote-response",
    from: raft.id,
    to: request.from,
    term: raft.term,
    isGranted,
  };
  raft.afterPersist.push(response);
}

export function stepPreVoteResponse(raft: RaftState, response: PreVoteResponse): void {
  if (raft.role !== "pre-candidate") return;
  // A grant for a term that was asked for earlier says nothing of this one.
  if (response.isGranted && response.term !== raft.term + 1) return;
  recordVote(raft, response.from, response.isGranted);
}

export function stepVoteResponse(raft: RaftState, response: VoteResponse): void {
  if (raft.role === "candidate") recordVote(raft, response.from, response.isGranted);
}

function recordVote(raft: RaftState, from: string, isGranted: boolean): void {
  if (!raft.votes.has(from)) raft.votes.set(from, isGranted);
  const outcome = voteOutcome(raft.membership, raft.votes);
  if (outcome === "lost") becomeFollower(raft, raft.term, undefined);
  else if (outcome === "won" && raft.role === "pre-candidate") startElection(raft, false);
  else if (outcome === "won") becomeLeader(raft);
}
