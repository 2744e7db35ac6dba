import { describe, expect, it } from "@jest/globals";
import type { HardState } from "../../src/replicated-log/hard-state.ts";
import { bootstrapPosition, firstIdentity, type Identity } from "../../src/replicated-log/identity.ts";
import { entryAfter } from "../../src/replicated-log/log-entry.ts";
import type { LogEntry, LogPosition } from "@hearth/raft";
import type { Stored } from "../../src/replicated-log/log-store.ts";
import { ChainFollower, planRecovery, type RecoveryPlan } from "../../src/replicated-log/recovery.ts";

const identity = firstIdentity({ name: "test", peers: ["node"], nodeName: "node" });
const foreign: Identity = { ...identity, clusterId: "f".repeat(32) };
const bootstrap = bootstrapPosition(identity);

/** Entries 2 to 10, as they were written. */
const entries: LogEntry[] = [];
for (let before: LogPosition = bootstrap; before.index < 10; before = entries.at(-1) ?? before) {
  entries.push(entryAfter(before, { term: 1, type: "command", payload: Uint8Array.of(before.index) }));
}

function at(index: number): LogPosition {
  const { term, chain } = index === 1 ? bootstrap : (entries[index - 2] ?? bootstrap);
  return { index, term, chain };
}

/** What lies on disk; everything that is not said is as it should be. */
interface Disk {
  readonly hardState?: "absent" | "damaged";
  readonly witness?: number;
  readonly witnessChain?: number;
  readonly snapshot?: number;
  readonly snapshotIdentity?: Identity;
  readonly hasSnapshotFiles?: boolean;
  readonly log?: "empty";
  readonly logIdentity?: Stored<Identity>;
  /** The position before the first entry. */
  readonly start?: number | "damaged";
  /** Indexes of the entries that are there. */
  readonly present?: readonly number[];
  readonly damaged?: readonly number[];
  readonly nodeName?: string;
  readonly hasUnfinishedRecovery?: boolean;
  readonly hasDiverged?: boolean;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

function* entriesOf(disk: Disk): Generator<{ index: number; entry: LogEntry | undefined }> {
  for (const index of disk.present ?? range(2, 10)) {
    const entry = entries[index - 2];
    yield {
      index,
      entry: entry && disk.damaged?.includes(index) ? { ...entry, payload: Uint8Array.of(99) } : entry,
    };
  }
}

function plan(disk: Disk): RecoveryPlan {
  const witnessIndex = disk.witness ?? 8;
  const snapshot = at(disk.snapshot ?? 1);
  const isEmpty = disk.log === "empty";
  const start = isEmpty || disk.start === "damaged" ? undefined : at(disk.start ?? 1);
  const noEntries = { ...disk, present: [] };
  const follower = new ChainFollower({ start, snapshot, witnessIndex });
  for (const { index, entry } of entriesOf(isEmpty ? noEntries : disk))
    if (!follower.add(index, entry)) break;
  const chain = follower.findings();
  const hardState: HardState = {
    identity,
    term: 1,
    vote: undefined,
    witness: { index: witnessIndex, chain: disk.witnessChain ?? at(witnessIndex).chain },
  };
  const absent = { type: "absent" } as const;
  return planRecovery({
    nodeName: disk.nodeName ?? "node",
    hasUnfinishedRecovery: disk.hasUnfinishedRecovery ?? false,
    hardState: disk.hardState ? { type: disk.hardState } : { type: "valid", value: hardState },
    hasDiverged: disk.hasDiverged ?? false,
    snapshotIdentities: disk.snapshot ? [disk.snapshotIdentity ?? identity] : [],
    hasSnapshotFiles: disk.hasSnapshotFiles ?? disk.snapshot !== undefined,
    snapshot,
    log: {
      identity: isEmpty ? absent : (disk.logIdentity ?? { type: "valid", value: identity }),
      start: isEmpty ? absent : start ? { type: "valid", value: start } : { type: "damaged" },
      hasEntries: chain.hasEntries,
      chain,
    },
  });
}

describe("the recovery table", () => {
  it.each<{ name: string; disk: Disk; end: number; moveStart?: number }>([
    { name: "all is well: whole log, unacknowledged entries kept", disk: {}, end: 10 },
    { name: "a torn entry after the witness is cut, with what follows", disk: { damaged: [9] }, end: 8 },
    { name: "a gap after the witness: what follows is cut", disk: { present: [...range(2, 8), 10] }, end: 8 },
    { name: "the witness is the last entry", disk: { witness: 10 }, end: 10 },
    { name: "snapshot within the log", disk: { snapshot: 5 }, end: 10 },
    {
      name: "log begins where the snapshot ends",
      disk: { snapshot: 5, start: 5, present: range(6, 10) },
      end: 10,
    },
    { name: "nothing acknowledged above the snapshot", disk: { snapshot: 8, damaged: [9] }, end: 8 },
    {
      name: "damage below the snapshot only loses trailing entries",
      disk: { snapshot: 5, damaged: [3] },
      end: 10,
      moveStart: 5,
    },
    {
      name: "a gap below the snapshot only loses trailing entries",
      disk: { snapshot: 5, present: [2, 3, ...range(5, 10)] },
      end: 10,
      moveStart: 5,
    },
    {
      name: "a damaged start, the entries after the snapshot whole",
      disk: { snapshot: 5, start: "damaged" },
      end: 10,
      moveStart: 5,
    },
    {
      name: "a crash in the first boot: hard state, no log",
      disk: { witness: 1, log: "empty" },
      end: 1,
      moveStart: 1,
    },
    {
      name: "an empty log, everything acknowledged is in the snapshot",
      disk: { witness: 8, snapshot: 8, log: "empty" },
      end: 8,
      moveStart: 8,
    },
    {
      name: "a snapshot was installed over a log of another history",
      disk: { witness: 4, witnessChain: 1, snapshot: 8, start: 1, present: range(2, 4) },
      end: 8,
      moveStart: 8,
    },
  ])("starts: $name", ({ disk, end, moveStart }) => {
    expect(plan(disk)).toEqual({
      type: "start",
      end: at(end),
      moveStart: moveStart === undefined ? undefined : at(moveStart),
    });
  });

  it("boots for the first time when there is nothing at all", () => {
    expect(plan({ hardState: "absent", log: "empty" })).toEqual({ type: "first-boot" });
  });

  it.each<{ name: string; disk: Disk; reason: string }>([
    {
      name: "a recovery was broken off",
      disk: { hasUnfinishedRecovery: true },
      reason: "RECOVERY_UNFINISHED",
    },
    {
      name: "a recovery was broken off, and nothing else is there: no first boot",
      disk: { hasUnfinishedRecovery: true, hardState: "absent", log: "empty" },
      reason: "RECOVERY_UNFINISHED",
    },
    { name: "the state has diverged, whatever else", disk: { hasDiverged: true }, reason: "STATE_DIVERGED" },
    {
      name: "the state has diverged, and the hard state is lost",
      disk: { hasDiverged: true, hardState: "absent", log: "empty" },
      reason: "STATE_DIVERGED",
    },
    { name: "the node has another name", disk: { nodeName: "other" }, reason: "IDENTITY_DIFFERS" },
    {
      name: "the log is of another cluster",
      disk: { logIdentity: { type: "valid", value: foreign } },
      reason: "IDENTITY_DIFFERS",
    },
    {
      name: "the log's identity is damaged",
      disk: { logIdentity: { type: "damaged" } },
      reason: "IDENTITY_DIFFERS",
    },
    {
      name: "the log's identity is lost",
      disk: { logIdentity: { type: "absent" } },
      reason: "IDENTITY_DIFFERS",
    },
    {
      name: "the snapshot is of another cluster",
      disk: { snapshot: 5, snapshotIdentity: foreign },
      reason: "IDENTITY_DIFFERS",
    },
    {
      name: "the hard state is lost, the log is there",
      disk: { hardState: "absent" },
      reason: "HARD_STATE_LOST",
    },
    { name: "the hard state is damaged", disk: { hardState: "damaged" }, reason: "HARD_STATE_LOST" },
    {
      name: "the hard state is lost, a snapshot is there",
      disk: { hardState: "absent", log: "empty", hasSnapshotFiles: true },
      reason: "HARD_STATE_LOST",
    },
    { name: "the log is lost", disk: { log: "empty" }, reason: "LOG_STORE_LOST" },
    {
      name: "the log is lost since the snapshot",
      disk: { log: "empty", snapshot: 5 },
      reason: "LOG_STORE_LOST",
    },
    {
      name: "the snapshot that the log begins with is lost",
      disk: { start: 5, present: range(6, 10), hasSnapshotFiles: true },
      reason: "SNAPSHOT_LOST",
    },
    { name: "an acknowledged entry is damaged", disk: { damaged: [4] }, reason: "ACKED_LOG_LOST" },
    { name: "the witness is damaged", disk: { damaged: [8] }, reason: "ACKED_LOG_LOST" },
    {
      name: "a run in the middle is gone",
      disk: { present: [2, 3, ...range(6, 10)] },
      reason: "ACKED_LOG_LOST",
    },
    { name: "the acknowledged tail is gone", disk: { present: range(2, 7) }, reason: "ACKED_LOG_LOST" },
    { name: "every entry is gone, the head is there", disk: { present: [] }, reason: "ACKED_LOG_LOST" },
    { name: "the witness is of another history", disk: { witnessChain: 1 }, reason: "ACKED_LOG_LOST" },
    {
      name: "start damaged and snapshot lost",
      disk: { start: "damaged", present: range(6, 10) },
      reason: "ACKED_LOG_LOST",
    },
  ])("refuses: $name", ({ disk, reason }) => {
    expect(plan(disk)).toEqual({ type: "refuse", reason });
  });
});
