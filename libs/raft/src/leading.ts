import { invariant } from "@hearth/errors";

import { appendAsLeader, syncProgress } from "./committing.ts";
import { isQuorum } from "./quorum.ts";
import { becomeFollower, resetElectionTimer, type RaftState } from "./raft-state.ts";
import { sendHeartbeats } from "./sending.ts";

/** Taking the lead, and keeping it. */

/** Raft §5.2, and §8: an entry of its own term, since only with one it can tell what is committed. */
export function becomeLeader(raft: RaftState): void {
  invariant(raft.role === "candidate", `a ${raft.role} cannot lead`);
  raft.role = "leader";
  raft.leader = raft.id;
  raft.uncommitted = [];
  raft.uncommittedBytes = 0;
  resetElectionTimer(raft);
  raft.progress.clear();
  syncProgress(raft);
  appendAsLeader(raft, "no-op", new Uint8Array());
}

export function tickLeader(raft: RaftState): void {
  raft.electionElapsed++;
  raft.heartbeatElapsed++;
  if (raft.isDiskStuck) {
    // It would commit with others' disks, but its own log would fall behind what it tells them.
    becomeFollower(raft, raft.term, undefined);
    return;
  }
  if (++raft.transferElapsed >= raft.settings.electionTicks) raft.transferTarget = undefined;
  const { electionTicks } = raft.settings;
  for (const progress of raft.progress.values()) progress.tick(electionTicks);
  // A new leader has as long to be answered.
  if (raft.electionElapsed >= electionTicks && !isQuorumHeard(raft)) {
    becomeFollower(raft, raft.term, undefined);
    return;
  }
  if (raft.heartbeatElapsed >= raft.settings.heartbeatTicks) sendHeartbeats(raft);
}

/** Without answers of a quorum for E ticks others may have elected another leader: no point in staying (thesis §6.2). */
function isQuorumHeard(raft: RaftState): boolean {
  return isQuorum(raft.membership, (node) => node === raft.id || raft.progress.get(node)?.isActive === true);
}
