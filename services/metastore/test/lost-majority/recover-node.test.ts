import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { KvLockedError, openLevelStore } from "@hearth/kv-store";
import { seededRandom, systemClock } from "@hearth/runtime";

import { importSnapshot } from "../../src/backup/import-snapshot.ts";
import { folderSource } from "../../src/backup/import-source.ts";
import { openDirectory } from "../../src/disk/directory.ts";
import type { RecoverNodeDeps } from "../../src/lost-majority/recover-node.ts";
import { openNodeFiles } from "../../src/node-files.ts";
import { noNetwork, RaftReplicatedLog } from "../../src/raft-node/raft-replicated-log.ts";
import { entryAfter } from "../../src/replicated-log/log-entry.ts";
import { LogStore } from "../../src/replicated-log/log-store.ts";
import { Kill, KilledError } from "../support/killed-directory.ts";
import { FUTURE_COMMAND, ListMachine } from "../support/list-machine.ts";
import {
  allCommands,
  LAST_INDEX,
  positionAt,
  SNAPSHOT_INDEX,
  survivorCluster,
  survivorEnd,
  SurvivorFiles,
  survivorIdentity,
  WITNESS_INDEX,
} from "../support/survivor-files.ts";

const { signal } = new AbortController();
const newIdentity = { ...survivorIdentity, recoveryEpoch: 1 };
const TIMEOUT_MS = 60_000;

let files: SurvivorFiles;
beforeEach(async () => {
  files = await SurvivorFiles.write();
});
afterEach(() => files[Symbol.asyncDispose]());

/** The bytes of all files, but for those of LevelDB, which it orders anew each time that it opens them. */
async function contentOf({ root }: SurvivorFiles): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("/log"))
    .map((entry) => join(entry.parentPath, entry.name));
  const contents = paths.toSorted().map(async (path) => [path, await readFile(path, "base64")] as const);
  return Object.fromEntries(await Promise.all(contents));
}

async function startLog({ folders }: SurvivorFiles) {
  const machine = new ListMachine();
  const problems: string[] = [];
  const log = new RaftReplicatedLog(
    {
      ...(await openNodeFiles(folders, systemClock)),
      stateMachine: machine,
      random: seededRandom(5),
      network: noNetwork,
      clock: systemClock,
      observer: {
        onProblem: (_role, problem) => void problems.push(problem),
        onWrite() {},
        onApply() {},
        onSnapshot() {},
      },
    },
    {
      ...survivorCluster,
      trailingEntries: 5,
      retainedSnapshots: 2,
      snapshotCompression: "zstd",
      snapshotBytesPerSecond: Infinity,
    },
  );
  await log.start();
  return { log, machine, problems };
}

async function changeLog({ folders }: SurvivorFiles, change: (log: LogStore) => Promise<void>) {
  await using log = new LogStore(await openLevelStore(join(folders.raftDir, "log")));
  await change(log);
}

describe("a survivor that is recovered", () => {
  it.each([{ isSplit: false }, { isSplit: true }])(
    "has everything to the end of its log, and goes on from there; snapshots apart: $isSplit",
    async ({ isSplit }) => {
      await using own = await SurvivorFiles.write({ isSplit });
      const outcome = await own.recover(true);
      expect(outcome).toMatchObject({
        type: "recovered",
        recovered: { identity: newIdentity, term: 4, vote: undefined },
        survivor: { end: survivorEnd, snapshotIndex: SNAPSHOT_INDEX, toWipe: ["b:1", "c:1", "d:1"] },
      });
      const first = await startLog(own);
      expect(first.log.status()).toMatchObject({ role: "leader", problem: undefined });
      expect(first.log.status().term).toBeGreaterThan(4);
      expect(first.log.identity).toEqual(newIdentity);
      expect(first.log.node?.membership).toEqual({ voters: ["a:1/0"], outgoing: [], learners: [] });
      expect(first.machine.applied).toEqual(allCommands);
      await first.log.propose(new TextEncoder().encode("after"), signal);
      // Its own entry at the beginning of the term, then the command.
      expect(first.log.status().lastIndex).toBe(LAST_INDEX + 2);
      await first.log[Symbol.asyncDispose]();
      const second = await startLog(own);
      expect(second.machine.applied).toEqual([...allCommands, "after"]);
      await second.log[Symbol.asyncDispose]();
    },
  );

  it("keeps its old state aside", async () => {
    const before = await contentOf(files);
    await files.recover(true);
    const { raftDir } = files.folders;
    const after = await contentOf(files);
    expect((await readdir(raftDir)).toSorted()).toEqual([
      "hard-state",
      "hard-state.before-recovery-1",
      "log.before-recovery-1",
      "snapshots",
      "snapshots.before-recovery-1",
    ]);
    expect(after[join(raftDir, "hard-state.before-recovery-1")]).toBe(before[join(raftDir, "hard-state")]);
    const name = "snapshot-0000000000000005.bin";
    expect(after[join(raftDir, "snapshots.before-recovery-1", name)]).toBe(
      before[join(raftDir, "snapshots", name)],
    );
  });

  it("can be recovered again, an epoch later, when it has members once more", async () => {
    await files.recover(true);
    await changeLog(files, async (log) => {
      const { chain, ...rest } = survivorEnd;
      const payload = new TextEncoder().encode(
        JSON.stringify({ voters: ["a:1/0"], outgoing: ["a:1/0", "b:1/20"], learners: [] }),
      );
      const entry = entryAfter({ ...rest, chain }, { term: 5, type: "membership", payload });
      await log.writeHead(newIdentity, survivorEnd);
      await log.change({ start: undefined, remove: undefined, entries: [entry] });
    });
    expect(await files.recover(true)).toMatchObject({
      recovered: {
        identity: { ...survivorIdentity, recoveryEpoch: 2 },
        witness: { index: LAST_INDEX + 1 },
      },
    });
    expect((await files.open()).machine.applied).toEqual(allCommands);
  });

  it("tells what could be done without the consent, and changes nothing", async () => {
    const before = await contentOf(files);
    expect(await files.recover(false)).toMatchObject({
      type: "planned",
      survivor: { identity: survivorIdentity, term: 3, end: survivorEnd, snapshotIndex: SNAPSHOT_INDEX },
    });
    expect(await contentOf(files)).toEqual(before);
    const { storage } = await files.open();
    expect(storage).toMatchObject({ type: "open", end: survivorEnd, hardState: { vote: "b:1/0" } });
  });
});

async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at]! ^= 1;
  await writeFile(path, bytes);
}

describe("a recovery is refused, and changes nothing,", () => {
  it.each<{
    name: string;
    damage: (files: SurvivorFiles) => Promise<unknown>;
    nodeName?: string;
    reason: string | RegExp;
  }>([
    {
      name: "when an acknowledged entry is missing",
      damage: (own) =>
        changeLog(own, (log) =>
          log.change({ start: undefined, remove: { from: 7, to: WITNESS_INDEX }, entries: [] }),
        ),
      reason: "reason=ACKED_LOG_LOST",
    },
    {
      name: "when the snapshot is damaged and the log begins after its beginning",
      damage: async (own) => {
        await changeLog(own, (log) => log.compactTo(positionAt(SNAPSHOT_INDEX)));
        await flipByte(join(own.folders.snapshotsDir, "snapshots", "snapshot-0000000000000005.bin"), 20);
      },
      reason: "reason=SNAPSHOT_LOST",
    },
    {
      name: "when the hard state is gone",
      damage: (own) => rm(join(own.folders.raftDir, "hard-state")),
      reason: "reason=HARD_STATE_LOST",
    },
    {
      name: "when the log is gone",
      damage: (own) => rm(join(own.folders.raftDir, "log"), { recursive: true }),
      reason: "reason=LOG_STORE_LOST",
    },
    {
      name: "when LevelDB cannot read its files",
      damage: (own) => writeFile(join(own.folders.raftDir, "log", "CURRENT"), "nothing"),
      reason: "reason=UNREADABLE",
    },
    {
      name: "when the files are those of another node",
      damage: async () => {},
      nodeName: "b:1",
      reason: /reason=IDENTITY_DIFFERS node=a:1\/0 cluster=[0-9a-f]{32} epoch=0/u,
    },
    {
      name: "when an entry needs a newer version",
      damage: (own) =>
        changeLog(own, (log) => {
          const payload = new TextEncoder().encode(FUTURE_COMMAND);
          const entry = entryAfter(survivorEnd, { term: 4, type: "command", payload });
          return log.change({ start: undefined, remove: undefined, entries: [entry] });
        }),
      reason: "a newer version is needed",
    },
    {
      name: "when an earlier recovery left what this one needs the name of",
      damage: (own) => writeFile(join(own.folders.raftDir, "log.before-recovery-1"), ""),
      reason: "move away what an earlier recovery put aside: log.before-recovery-1",
    },
    {
      name: "when another one was broken off and its file is damaged",
      damage: (own) => writeFile(join(own.folders.raftDir, "hard-state.recovering"), "?"),
      reason: "its file is damaged: file=hard-state.recovering",
    },
  ])("$name", async ({ damage, nodeName = "a:1", reason }) => {
    await damage(files);
    const before = await contentOf(files);
    const cluster = { ...survivorCluster, nodeName };
    await expect(files.recover(true, { cluster })).rejects.toThrow(reason);
    expect(await contentOf(files)).toEqual(before);
  });

  it("when a server uses the folders", async () => {
    const before = await contentOf(files);
    await using _server = await openLevelStore(join(files.folders.raftDir, "log"));
    await expect(files.recover(true)).rejects.toThrow(KvLockedError);
    expect(await contentOf(files)).toEqual(before);
  });

  it("when what was written reads back as something else", async () => {
    let machineCount = 0;
    // The second machine, into which the new state is read back, loses an entry.
    const change = (deps: RecoverNodeDeps): RecoverNodeDeps => ({
      ...deps,
      newStateMachine: () => (machineCount++ === 0 ? new ListMachine() : new ForgetfulMachine()),
    });
    await expect(files.recover(true, { change })).rejects.toThrow("is not what was read back");
    const { storage, machine } = await files.open();
    expect(storage).toMatchObject({ type: "open", hardState: { identity: survivorIdentity } });
    expect(machine.applied).toHaveLength(SNAPSHOT_INDEX - 2);
  });
});

class ForgetfulMachine extends ListMachine {
  override capture(): Iterable<Uint8Array> {
    this.applied = this.applied.slice(1);
    return super.capture();
  }
}

/** Recovers until the process is killed. @returns whether it was. */
async function recoverUntil(own: SurvivorFiles, kill: Kill): Promise<boolean> {
  const change = (deps: RecoverNodeDeps): RecoverNodeDeps => ({
    ...deps,
    folders: { raft: kill.directory(deps.folders.raft), snapshots: kill.directory(deps.folders.snapshots) },
    openSnapshots: async (name) => kill.directory(await deps.openSnapshots(name)),
  });
  await own.recover(true, { change }).catch((error: unknown) => {
    if (!(error instanceof KilledError)) throw error;
  });
  return kill.hasStruck;
}

/** The new state counts, and nothing is moved yet. */
function killedAtLogRename(deps: RecoverNodeDeps): RecoverNodeDeps {
  const { raft } = deps.folders;
  const rename = (from: string, to: string): Promise<void> =>
    from === "log" ? Promise.reject(new KilledError("killed")) : raft.rename(from, to);
  return { ...deps, folders: { ...deps.folders, raft: { ...new Kill(Infinity).directory(raft), rename } } };
}

/** What a start makes of the files, in one word. */
async function startAfter(own: SurvivorFiles): Promise<string> {
  const { storage, machine } = await own.open();
  if (storage.type === "refused") return storage.reason;
  const { recoveryEpoch } = storage.hardState.identity;
  const isOld = recoveryEpoch === 0 && storage.end.index === LAST_INDEX;
  if (isOld && machine.applied.length === SNAPSHOT_INDEX - 2) return "old";
  const isNew = recoveryEpoch === 1 && storage.snapshot.index === LAST_INDEX;
  return isNew && machine.applied.join() === allCommands.join() ? "new" : "neither";
}

describe("a recovery that is killed before any of its changes on disk", () => {
  it.each([{ isSplit: false }, { isSplit: true }])(
    "leaves the old state, or one that no start goes on from; the next call brings it to its end; snapshots apart: $isSplit",
    async ({ isSplit }) => {
      const outcomes: string[] = [];
      for (let changes = 0, hasStruck = true; hasStruck; changes++) {
        await using own = await SurvivorFiles.write({ isSplit });
        hasStruck = await recoverUntil(own, new Kill(changes));
        outcomes.push(await startAfter(own));
        // A start that was refused may have left something.
        if (hasStruck && outcomes.at(-1) !== "new") await own.recover(true);
        expect({ changes, after: await startAfter(own) }).toEqual({ changes, after: "new" });
      }
      expect(outcomes.filter((outcome, at) => outcome !== outcomes[at - 1])).toEqual([
        "old",
        "RECOVERY_UNFINISHED",
        "new",
      ]);
    },
    TIMEOUT_MS,
  );

  it("is not brought to its end with another folder of snapshots than it was begun with", async () => {
    await using own = await SurvivorFiles.write({ isSplit: true });
    await using other = await SurvivorFiles.write({ isSplit: true });
    await expect(own.recover(true, { change: killedAtLogRename })).rejects.toThrow(KilledError);
    const { snapshotsDir } = other.folders;
    const snapshots = await openDirectory(snapshotsDir);
    const elsewhere = (deps: RecoverNodeDeps): RecoverNodeDeps => ({
      ...deps,
      folders: { ...deps.folders, snapshots },
      openSnapshots: (name) => openDirectory(join(snapshotsDir, name)),
    });
    await expect(own.recover(true, { change: elsewhere })).rejects.toThrow(
      "give the same -metastore.raft.snapshots-dir: index=12",
    );
    expect(await startAfter(own)).toBe("RECOVERY_UNFINISHED");
    expect(await own.recover(true)).toMatchObject({ type: "recovered" });
    expect(await startAfter(own)).toBe("new");
  });

  it("is said without the consent, and then left as it is", async () => {
    await expect(files.recover(true, { change: killedAtLogRename })).rejects.toThrow(KilledError);
    const before = await contentOf(files);
    expect(await files.recover(false)).toMatchObject({
      type: "unfinished",
      recovered: { identity: newIdentity },
    });
    expect(await contentOf(files)).toEqual(before);
    // Nor is it empty to an import.
    const parts = await openNodeFiles(files.folders, systemClock);
    const source = folderSource(join(files.folders.snapshotsDir, "snapshots"));
    await expect(
      importSnapshot({ ...parts, stateMachine: new ListMachine() }, survivorCluster, source, signal),
    ).rejects.toThrow("the metastore is not empty");
    const { log, problems } = await startLog(files);
    expect(log.status().role).toBe("corrupt");
    expect(problems).toEqual([
      "a recovery was broken off, run recover-metastore again: reason=RECOVERY_UNFINISHED",
    ]);
    expect(await files.recover(true)).toMatchObject({ type: "recovered", survivor: undefined });
    expect(await startAfter(files)).toBe("new");
  });
});
