import type { LogEntry } from "./entry.ts";
import { decodeMembership, isLegalStep } from "./membership.ts";
import type { Append, AppendRejection, Heartbeat, InstallSnapshot } from "./message.ts";
import { haltWith, type RaftState } from "./raft-state.ts";

/** Raft §5.3 and §7 at a follower: taking the leader's entries, commit index and snapshots. */

export function stepAppend(raft: RaftState, append: Append): void {
  const { log } = raft;
  const { prev } = append;
  const contradicted = contradictedIndex(raft, append);
  if (contradicted !== undefined) {
    haltWith(
      raft,
      "fatal",
      `the leader contradicts a committed entry: index=${contradicted} commit=${raft.commit}`,
    );
    return;
  }
  if (prev.index < raft.commit) {
    acknowledge(raft, append.from, raft.commit);
    return;
  }
  const own = log.position(prev.index);
  if (own?.term !== prev.term) {
    reject(raft, append);
    return;
  }
  if (own.chain !== prev.chain) {
    haltWith(
      raft,
      "corrupt",
      `the log differs from the leader's before index=${prev.index} term=${prev.term}`,
    );
    return;
  }
  if (!takeEntries(raft, append.entries)) return;
  const lastNew = prev.index + append.entries.length;
  // Not the last index: what comes after these entries may be of another leader.
  raft.commit = Math.max(raft.commit, Math.min(append.commit, lastNew));
  acknowledge(raft, append.from, lastNew);
}

export function stepHeartbeat(raft: RaftState, heartbeat: Heartbeat): void {
  if (heartbeat.commit > raft.log.lastIndex) {
    const { lastIndex } = raft.log;
    haltWith(
      raft,
      "corrupt",
      `acknowledged entries are missing: last=${lastIndex} commit=${heartbeat.commit}`,
    );
    return;
  }
  raft.commit = Math.max(raft.commit, heartbeat.commit);
  const response = {
    type: "heartbeat-response",
    from: raft.id,
    to: heartbeat.from,
    term: raft.term,
    readId: heartbeat.readId,
    lastIndex: raft.log.lastIndex,
    bootId: raft.deps.bootId,
  } as const;
  (raft.isHardStateUnwritten ? raft.afterPersist : raft.immediate).push(response);
}

/** A whole snapshot from the leader: takes the place of the log, unless the log has what it covers. */
export function stepInstallSnapshot(raft: RaftState, { from, snapshot }: InstallSnapshot): void {
  if (!snapshot) return;
  const { position, membership } = snapshot;
  if (position.index <= raft.commit) {
    acknowledge(raft, from, raft.commit);
    return;
  }
  const own = raft.log.position(position.index);
  if (own?.term === position.term && own.chain !== position.chain) {
    haltWith(
      raft,
      "corrupt",
      `the log differs from the leader's snapshot: index=${position.index} term=${position.term}`,
    );
    return;
  }
  if (own?.term === position.term) {
    raft.commit = position.index;
    acknowledge(raft, from, raft.commit);
    return;
  }
  raft.log.reset(position);
  raft.memberships.reset(position.index, membership);
  raft.commit = position.index;
  raft.handedCommit = position.index;
  raft.pendingSnapshot = snapshot;
  raft.snapshotSeq = raft.seq + 1;
  acknowledge(raft, from, position.index);
}

/** A committed entry that the leader has otherwise: what is committed never changes, so one of the two is broken. */
function contradictedIndex(raft: RaftState, { prev, entries }: Append): number | undefined {
  const committed = entries.slice(0, Math.max(0, raft.commit - prev.index));
  const isOther = ({ index, term }: { index: number; term: number }): boolean =>
    index <= raft.commit && (raft.log.term(index) ?? term) !== term;
  return [prev, ...committed].find((place) => isOther(place))?.index;
}

/** Skips what is there, and cuts off what is not the leader's. @returns false when that cannot be. */
function takeEntries(raft: RaftState, entries: readonly LogEntry[]): boolean {
  const { log } = raft;
  const firstNew = entries.findIndex(({ index, term }) => log.term(index) !== term);
  if (firstNew < 0) return true;
  const { index } = entries[firstNew]!;
  if (index <= log.lastIndex) {
    cutFrom(raft, index);
  }
  for (const entry of entries.slice(firstNew)) {
    // Before it is in the log: what is illegal must not come to the disk.
    if (entry.type === "membership" && !takeMembership(raft, entry)) return false;
    log.append(entry);
  }
  return true;
}

function cutFrom(raft: RaftState, index: number): void {
  raft.log.truncateFrom(index);
  raft.memberships.truncateFrom(index);
  // Acknowledgements that wait for entries which will never be written.
  raft.afterPersist = raft.afterPersist.filter(
    (message) => message.type !== "append-response" || message.matchIndex < index,
  );
}

function takeMembership(raft: RaftState, entry: LogEntry): boolean {
  const membership = decodeMembership(entry.payload);
  if (!membership || !isLegalStep(raft.membership, membership)) {
    haltWith(raft, "fatal", `no legal configuration: index=${entry.index}`);
    return false;
  }
  raft.memberships.push(entry.index, membership);
  return true;
}

function acknowledge(raft: RaftState, to: string, matchIndex: number): void {
  answer(raft, to, matchIndex, undefined);
}

/** The hint: the last place up to `prev` whose term the leader may have there (one probe per term at most). */
function reject(raft: RaftState, { from, prev }: Append): void {
  const { log } = raft;
  const hintIndex = log.lastAtMost(prev.term, prev.index);
  answer(raft, from, 0, { index: prev.index, hintIndex, hintTerm: log.term(hintIndex) ?? 0 });
}

function answer(
  raft: RaftState,
  to: string,
  matchIndex: number,
  rejection: AppendRejection | undefined,
): void {
  raft.afterPersist.push({
    type: "append-response",
    from: raft.id,
    to,
    term: raft.term,
    rejection,
    matchIndex,
    lastIndex: raft.log.lastIndex,
    bootId: raft.deps.bootId,
  });
}
