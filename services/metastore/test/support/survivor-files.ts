import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { openLevelStore } from "@hearth/kv-store";
import { encodeMembership, type EntryType, type LogEntry, type LogPosition } from "@hearth/raft";
import { systemClock } from "@hearth/runtime";

import { openDirectory } from "../../src/disk/directory.ts";
import { recoverNode, type RecoverNodeDeps } from "../../src/lost-majority/recover-node.ts";
import { openNodeFiles, type NodeFolders } from "../../src/node-files.ts";
import { HardStateFile, type HardState } from "../../src/replicated-log/hard-state.ts";
import { bootstrapMembership, bootstrapPosition, firstIdentity } from "../../src/replicated-log/identity.ts";
import { entryAfter } from "../../src/replicated-log/log-entry.ts";
import { LogStore } from "../../src/replicated-log/log-store.ts";
import { openStorage, type ClusterSettings } from "../../src/replicated-log/open-storage.ts";
import type { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { ListMachine } from "./list-machine.ts";

const { signal } = new AbortController();
const PEERS = ["a:1", "b:1", "c:1"];

export const survivorCluster: ClusterSettings = {
  clusterName: "metastore",
  nodeName: "a:1",
  initialPeers: PEERS,
};
export const survivorIdentity = firstIdentity({ name: "metastore", peers: PEERS, nodeName: "a:1" });

/** Index of the snapshot, of the last acknowledged entry, and of the last one. */
export const SNAPSHOT_INDEX = 5;
export const WITNESS_INDEX = 8;
export const LAST_INDEX = 12;
const SECOND_TERM_FROM = 10;

/** Entries 2 to 12 of a group of three, in two terms; the last of them of no known fate. */
export const survivorEntries: readonly LogEntry[] = entriesOf();
export const allCommands: readonly string[] = commandsUpTo(LAST_INDEX);
export const survivorEnd: LogPosition = positionAt(LAST_INDEX);

function entriesOf(): LogEntry[] {
  const entries: LogEntry[] = [];
  let before = bootstrapPosition(survivorIdentity);
  while (before.index < LAST_INDEX) {
    const entry = entryAfter(before, contentAt(before.index + 1));
    entries.push(entry);
    before = entry;
  }
  return entries;
}

function contentAt(index: number): { term: number; type: EntryType; payload: Uint8Array } {
  const term = index < SECOND_TERM_FROM ? 3 : 4;
  if (index === 2 || index === SECOND_TERM_FROM) return { term, type: "no-op", payload: new Uint8Array() };
  if (index === 7) {
    const membership = { ...bootstrapMembership(PEERS), learners: ["d:1/6"] };
    return { term, type: "membership", payload: encodeMembership(membership) };
  }
  return { term, type: "command", payload: new TextEncoder().encode(`command ${index}`) };
}

export function positionAt(index: number): LogPosition {
  const { term, chain } = survivorEntries[index - 2] ?? bootstrapPosition(survivorIdentity);
  return { index, term, chain };
}

function commandsUpTo(index: number): string[] {
  return survivorEntries
    .filter((entry) => entry.index <= index && entry.type === "command")
    .map(({ payload }) => new TextDecoder().decode(payload));
}

/** The files of a stopped node of a group of three, on a real disk. */
export class SurvivorFiles implements AsyncDisposable {
  readonly root: string;
  readonly folders: NodeFolders;

  /** @param isSplit - whether snapshots have a folder of their own. */
  static async write({ isSplit = false } = {}): Promise<SurvivorFiles> {
    const root = await mkdtemp(join(tmpdir(), "survivor-"));
    const raftDir = join(root, "raft");
    const files = new SurvivorFiles(root, { raftDir, snapshotsDir: isSplit ? join(root, "other") : raftDir });
    await files.#write();
    return files;
  }

  private constructor(root: string, folders: NodeFolders) {
    this.root = root;
    this.folders = folders;
  }

  async #write(): Promise<void> {
    const { directory, openKv, snapshots } = await openNodeFiles(this.folders, systemClock);
    const { chain } = positionAt(WITNESS_INDEX);
    const witness = { index: WITNESS_INDEX, chain };
    const hardState: HardState = { identity: survivorIdentity, term: 3, vote: "b:1/0", witness };
    await (await HardStateFile.create(directory, hardState))[Symbol.asyncDispose]();
    await using log = new LogStore(await openKv());
    await log.writeHead(survivorIdentity, bootstrapPosition(survivorIdentity));
    await log.change({ start: undefined, remove: undefined, entries: survivorEntries });
    const machine = new ListMachine();
    machine.applied = commandsUpTo(SNAPSHOT_INDEX);
    await this.#writeSnapshot(snapshots, machine);
  }

  async #writeSnapshot(snapshots: SnapshotStore, machine: ListMachine): Promise<void> {
    const header = {
      identity: survivorIdentity,
      position: positionAt(SNAPSHOT_INDEX),
      membership: bootstrapMembership(PEERS),
      compression: "none" as const,
    };
    await snapshots.write(header, machine.capture(), Infinity, signal);
  }

  /** What a start finds. */
  async open() {
    const machine = new ListMachine();
    const storage = await openStorage(
      await openNodeFiles(this.folders, systemClock),
      survivorCluster,
      machine,
    );
    if (storage.type === "open") {
      await storage.hardStateFile[Symbol.asyncDispose]();
      await storage.log[Symbol.asyncDispose]();
    }
    return { storage, machine };
  }

  /** @param change - of what the recovery stands on. */
  async recover(
    acceptDataLoss: boolean,
    {
      cluster = survivorCluster,
      change = (deps) => deps,
    }: { cluster?: ClusterSettings; change?: (deps: RecoverNodeDeps) => RecoverNodeDeps } = {},
  ) {
    const { raftDir, snapshotsDir } = this.folders;
    const deps: RecoverNodeDeps = {
      folders: { raft: await openDirectory(raftDir), snapshots: await openDirectory(snapshotsDir) },
      openSnapshots: (name) => openDirectory(join(snapshotsDir, name)),
      openKv: () => openLevelStore(join(raftDir, "log")),
      newStateMachine: () => new ListMachine(),
      clock: systemClock,
      onStep() {},
    };
    return recoverNode(change(deps), { cluster, snapshotCompression: "zstd", acceptDataLoss }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
