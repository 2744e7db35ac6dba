import type { SourceEdit } from "./source-edit.ts";

/**
 * Bugs that the simulator must see: each changes one place of the product. That the place is there, once, is checked when
 * it is planted, so the list cannot rot in silence.
 */
export interface PlantedBug extends SourceEdit {
  readonly name: string;
  /** What looks for it: the simulated cluster, or one node on faulty files. */
  readonly seenBy: "cluster" | "crash schedules";
}

const RAFT = "libs/raft/src";
const NODE = "services/metastore/src/raft-node";
const FILES = "services/metastore/src/replicated-log";

const cluster = (name: string, file: string, find: string, replace: string): PlantedBug => ({
  name,
  file,
  find,
  replace,
  seenBy: "cluster",
});

export const PLANTED_BUGS: readonly PlantedBug[] = [
  cluster(
    "commit on a majority of any term",
    `${RAFT}/committing.ts`,
    "if (index <= raft.commit || raft.log.term(index) !== raft.term) return;",
    "if (index <= raft.commit) return;",
  ),
  cluster(
    "vote not persisted",
    `${NODE}/write-pipeline.ts`,
    "      this.#vote = batch.hard.vote;",
    "      this.#vote = undefined;",
  ),
  cluster(
    "vote for a shorter log",
    `${RAFT}/raft-log.ts`,
    "(term === last.term && index >= last.index)",
    "term === last.term",
  ),
  cluster(
    "vote for a log of an earlier term",
    `${RAFT}/raft-log.ts`,
    "return term > last.term || (term === last.term && index >= last.index);",
    "return index >= last.index;",
  ),
  cluster(
    "vote granted before it is on disk",
    `${RAFT}/elections.ts`,
    "  raft.afterPersist.push(response);",
    "  raft.immediate.push(response);",
  ),
  cluster(
    "second vote in a term",
    `${RAFT}/elections.ts`,
    "const isVoteFree = raft.vote === request.from || (raft.vote === undefined && raft.leader === undefined);",
    "const isVoteFree = raft.leader === undefined;",
  ),
  cluster(
    "acknowledged before the sync",
    `${NODE}/write-pipeline.ts`,
    "    if (write) merge(this.#pending, write);",
    "    if (write) merge(this.#pending, write);\n    this.#events.onPersisted(seq);",
  ),
  cluster(
    "acknowledged before the witness",
    `${NODE}/write-pipeline.ts`,
    "    this.#witnessed = batch;",
    "    this.#witnessed = batch;\n    this.#events.onPersisted(batch.seq);",
  ),
  cluster(
    "append response sent at once",
    `${RAFT}/following.ts`,
    "  raft.afterPersist.push({",
    "  raft.immediate.push({",
  ),
  cluster(
    "conflicting entries kept",
    `${RAFT}/following.ts`,
    "entries.findIndex(({ index, term }) => log.term(index) !== term)",
    "entries.findIndex(({ index }) => log.term(index) === undefined)",
  ),
  cluster(
    "place before the entries not compared",
    `${RAFT}/following.ts`,
    "if (own?.term !== prev.term) {",
    "if (own === undefined) {",
  ),
  cluster(
    "heartbeat commits what was not acknowledged",
    `${RAFT}/sending.ts`,
    "commit: Math.min(progress.matchIndex, raft.commit),",
    "commit: raft.commit,",
  ),
  cluster(
    "reads without a round of heartbeats",
    `${RAFT}/reading.ts`,
    "  const roundId = confirmedRound(raft);",
    "  const roundId = reads.roundId + 0 * confirmedRound(raft);",
  ),
  cluster(
    "read id reused",
    `${RAFT}/read-queue.ts`,
    "roundId: ++this.#roundId",
    "roundId: (this.#roundId ||= 1)",
  ),
  cluster(
    "read before an entry of the term is committed",
    `${RAFT}/reading.ts`,
    "if (raft.log.term(raft.commit) === raft.term) raft.reads.add",
    "if (raft.log.term(raft.commit) !== -1) raft.reads.add",
  ),
  cluster(
    "applied index published early",
    `${NODE}/applier.ts`,
    "if (index <= this.#applied.index) done();",
    "if (index <= this.#applied.index + 3) done();",
  ),
  cluster(
    "applied before it is on the own disk",
    `${RAFT}/ready.ts`,
    "  const to = Math.min(raft.commit, raft.log.stableIndex);",
    "  const to = raft.commit;",
  ),
  cluster(
    "checkpoint one entry late",
    `${NODE}/applier.ts`,
    "if (index % this.#deps.checkpointEntries !== 0) return;\n    const checkpoint = { index,",
    "if (index % this.#deps.checkpointEntries !== 1) return;\n    const checkpoint = { index: index - 1,",
  ),
  cluster(
    "snapshot acknowledged before the log is reset",
    `${RAFT}/following.ts`,
    "  raft.afterPersist.push({",
    "  (raft.pendingSnapshot ? raft.immediate : raft.afterPersist).push({",
  ),
  cluster(
    "joint quorum as a union: elections and reads",
    `${RAFT}/quorum.ts`,
    "return isMajority(membership.voters, has) && isMajority(membership.outgoing, has);",
    "return isMajority([...new Set([...membership.voters, ...membership.outgoing])], has);",
  ),
  cluster(
    "joint quorum of the new half only: commits",
    `${RAFT}/quorum.ts`,
    "return membership.outgoing.length === 0",
    "return membership.outgoing.length >= 0",
  ),
  cluster(
    "configuration change before a commit of the term",
    `${RAFT}/membership-change.ts`,
    'if (raft.log.term(raft.commit) !== raft.term) return "not-settled";',
    "",
  ),
  cluster(
    "second configuration change while one is under way",
    `${RAFT}/membership-change.ts`,
    'if (raft.memberships.currentIndex > raft.commit || isJoint(raft.membership)) return "change-under-way";',
    "",
  ),
  cluster(
    "learner counted",
    `${RAFT}/quorum.ts`,
    "const inVoters = majorityIndex(membership.voters, indexOf);",
    "const inVoters = majorityIndex([...membership.voters, ...membership.learners], indexOf);",
  ),
  cluster(
    "configuration kept when its entry is cut off",
    `${RAFT}/following.ts`,
    "  raft.memberships.truncateFrom(index);",
    "",
  ),
  cluster(
    "joint configuration never left",
    `${RAFT}/committing.ts`,
    "if (isJoint(raft.membership)) appendMembership(raft, finalStep(raft.membership));",
    "if (isJoint(raft.membership)) return;",
  ),
  cluster(
    "compaction past a snapshot that is not verified",
    `${NODE}/raft-node.ts`,
    "    this.#deps.disk.writeSnapshot(facts, (error) => {",
    "    this.#input(() => this.#snapshotWritten(position, () => {}));\n    this.#deps.disk.writeSnapshot(facts, (error) => {",
  ),
  cluster(
    "snapshot with the configuration of later",
    `${NODE}/raft-node.ts`,
    "membership: this.#core.membershipAt(position.index)",
    "membership: this.#core.membership",
  ),
  cluster(
    "write error taken for a success",
    `${NODE}/write-pipeline.ts`,
    'if (error !== undefined) return this.#fail("writing the log failed", error);',
    "void error;",
  ),
  cluster(
    "witness not lowered before a truncation",
    `${NODE}/write-pipeline.ts`,
    "if (!witness || (!snapshot && witness.index >= this.#witness.index)) {",
    "if (!witness || !snapshot) {",
  ),
  cluster(
    "replaced entry stable by the write of the first",
    `${RAFT}/raft-log.ts`,
    "while (this.#handed.length > 0 && this.#handed.at(-1)!.lastIndex >= index) {",
    "while (this.#handed.length > 99_999 && this.#handed.at(-1)!.lastIndex >= index) {",
  ),
  cluster(
    "no entry at the beginning of a term",
    `${RAFT}/leading.ts`,
    '  appendAsLeader(raft, "no-op", new Uint8Array());',
    "  void appendAsLeader;",
  ),
  {
    name: "hard-state pairs swapped: the newest is overwritten",
    file: `${FILES}/hard-state.ts`,
    find: "(this.#sequence % 2) * 2 * PAGE_BYTES",
    replace: "0 * PAGE_BYTES",
    seenBy: "crash schedules",
  },
  {
    name: "snapshot not synced before it gets its name",
    file: `${FILES}/snapshot-store.ts`,
    find: "    await file.sync();\n    return sizeBytes;",
    replace: "    return sizeBytes;",
    seenBy: "crash schedules",
  },
  {
    name: "log let go before the snapshot is checked",
    file: `${NODE}/file-disk.ts`,
    find: "const sizeBytes = await snapshots.write(header, frames, snapshotBytesPerSecond, signal);",
    replace:
      "done();\n      const sizeBytes = await snapshots.write(header, frames, snapshotBytesPerSecond, signal);",
    seenBy: "crash schedules",
  },
];

/** What has to be changed for a bug; undefined when there is no such bug. */
export function editsOf(name: string): readonly SourceEdit[] | undefined {
  const bug = PLANTED_BUGS.find((candidate) => candidate.name === name);
  return bug && [bug];
}
