import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FaultyKvDisk } from "@hearth/kv-store";
import { MemoryObjectStore, metastoreSnapshotKey } from "@hearth/object-store";
import { seededRandom, systemClock } from "@hearth/runtime";
import { importSnapshot, type ImportDeps } from "../../src/backup/import-snapshot.ts";
import { bucketSource, folderSource, type ImportSource } from "../../src/backup/import-source.ts";
import { importedIdentity } from "../../src/backup/plan-import.ts";
import { fileOfBytes } from "../../src/backup/read-only-file.ts";
import { noNetwork, RaftReplicatedLog } from "../../src/raft-node/raft-replicated-log.ts";
import { openStorage } from "../../src/replicated-log/open-storage.ts";
import { FaultyDirectory } from "../support/faulty-directory.ts";
import { ListMachine } from "../support/list-machine.ts";
import { snapshotHeader, storeIn, writeSnapshotTo } from "../support/snapshots.ts";

const { signal } = new AbortController();
const cluster = { clusterName: "metastore", nodeName: "solo", initialPeers: ["solo"] };
const COMMANDS = ["first", "second", "third"];
const original = snapshotHeader({ index: 40, term: 6, compression: "none" });

/** A node's disks. */
class Node {
  readonly kv = new FaultyKvDisk(seededRandom(1));
  readonly directory = new FaultyDirectory(seededRandom(2));
  readonly snapshots = new FaultyDirectory(seededRandom(3));

  deps(): ImportDeps {
    return { ...this.#storage(), stateMachine: new ListMachine() };
  }

  import(source: ImportSource) {
    return importSnapshot(this.deps(), cluster, source, signal);
  }

  open(machine = new ListMachine()) {
    return openStorage(this.#storage(), cluster, machine);
  }

  async startLog(): Promise<{ log: RaftReplicatedLog<number>; machine: ListMachine }> {
    const machine = new ListMachine();
    const log = new RaftReplicatedLog(
      {
        ...this.#storage(),
        stateMachine: machine,
        random: seededRandom(5),
        network: noNetwork,
        clock: systemClock,
        observer: { onProblem() {}, onWrite() {}, onApply() {}, onSnapshot() {} },
      },
      {
        ...cluster,
        trailingEntries: 5,
        retainedSnapshots: 2,
        snapshotCompression: "zstd",
        snapshotBytesPerSecond: Infinity,
      },
    );
    await log.start();
    return { log, machine };
  }

  crash(): void {
    this.kv.crash();
    this.directory.crash();
    this.snapshots.crash();
  }

  #storage() {
    return {
      openKv: async () => this.kv.open(),
      directory: this.directory.open(),
      snapshots: storeIn(this.snapshots.open()),
    };
  }
}

async function snapshotBytes(commands = COMMANDS): Promise<Uint8Array> {
  const disk = new FaultyDirectory(seededRandom(9));
  const machine = new ListMachine();
  machine.applied = [...commands];
  await writeSnapshotTo(storeIn(disk.open()), original, machine.capture());
  return disk.content(disk.names()[0]!)!;
}

function sourceOf(bytes: Uint8Array): ImportSource {
  return { name: "test", open: async () => fileOfBytes(bytes) };
}

describe("a snapshot that is imported", () => {
  it("is the first state; the metastore leads, takes more, and knows all of it after a restart", async () => {
    const node = new Node();
    expect(await node.import(sourceOf(await snapshotBytes()))).toMatchObject({
      type: "imported",
      position: original.position,
    });
    const first = await node.startLog();
    expect(first.log.status()).toMatchObject({ role: "leader", problem: undefined, snapshotIndex: 40 });
    expect(first.log.status().term).toBeGreaterThan(6);
    expect(first.machine.applied).toEqual(COMMANDS);
    await first.log.propose(new TextEncoder().encode("fourth"), signal);
    await first.log[Symbol.asyncDispose]();
    const second = await node.startLog();
    expect(second.machine.applied).toEqual([...COMMANDS, "fourth"]);
    await second.log[Symbol.asyncDispose]();
  });

  it("brings neither the members nor the identity of the cluster that it is from", async () => {
    const node = new Node();
    const bytes = await snapshotBytes();
    await node.import(sourceOf(bytes));
    const identity = importedIdentity(cluster, Buffer.from(bytes.slice(-32)).toString("hex"));
    expect(await node.open()).toMatchObject({
      type: "open",
      hardState: { identity, term: 6, vote: undefined },
      membership: { voters: ["solo/0"], outgoing: [], learners: [] },
    });
    expect(identity.clusterId).not.toBe(original.identity.clusterId);
  });

  it("is not imported twice: the second call finds it done", async () => {
    const node = new Node();
    const source = sourceOf(await snapshotBytes());
    await node.import(source);
    const { log } = await node.startLog();
    await log.propose(new TextEncoder().encode("fourth"), signal);
    await log[Symbol.asyncDispose]();
    expect(await node.import(source)).toEqual({ type: "imported-before" });
    expect((await node.startLog()).machine.applied).toEqual([...COMMANDS, "fourth"]);
  });

  it("is there as a whole or not at all after a crash at any moment; a second call brings it in", async () => {
    const source = sourceOf(await snapshotBytes());
    const outcomes = new Map<string, number>();
    for (let turns = 0; turns < 500; turns += 2) {
      const node = new Node();
      void node.import(source);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      node.crash();
      const { type } = await node.import(source);
      outcomes.set(type, (outcomes.get(type) ?? 0) + 1);
      const machine = new ListMachine();
      expect(await node.open(machine)).toMatchObject({ type: "open", snapshot: original.position });
      expect(machine.applied).toEqual(COMMANDS);
    }
    expect(outcomes.get("imported")).toBeGreaterThan(5);
    expect(outcomes.get("imported-before")).toBeGreaterThan(5);
  });

  it("never starts without the data when the second call is missing", async () => {
    const source = sourceOf(await snapshotBytes());
    const deps = new Node();
    const failing = { ...deps.deps(), directory: refusingToCreate(deps) };
    await expect(importSnapshot(failing, cluster, source, signal)).rejects.toThrow("disk is full");
    expect(await deps.open()).toMatchObject({ type: "refused", reason: "HARD_STATE_LOST" });
  });
});

function refusingToCreate(node: Node): ImportDeps["directory"] {
  const directory = node.directory.open();
  return {
    list: () => directory.list(),
    open: (name) => directory.open(name),
    create: () => Promise.reject(new Error("disk is full")),
    rename: (from, to) => directory.rename(from, to),
    remove: (name) => directory.remove(name),
    sync: () => directory.sync(),
    space: () => directory.space(),
  };
}

describe("an import is refused, and changes nothing,", () => {
  it("when the metastore is not empty", async () => {
    const node = new Node();
    const { log } = await node.startLog();
    await log.propose(new TextEncoder().encode("own"), signal);
    await log[Symbol.asyncDispose]();
    await expect(node.import(sourceOf(await snapshotBytes()))).rejects.toThrow(
      "snapshot is not imported: the metastore is not empty: source=test",
    );
    expect((await node.startLog()).machine.applied).toEqual(["own"]);
  });

  it("when a byte of the snapshot is damaged, whichever it is", async () => {
    const bytes = await snapshotBytes();
    for (let at = 0; at < bytes.length; at++) {
      const node = new Node();
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      await expect(node.import(sourceOf(damaged))).rejects.toThrow("snapshot is not imported: ");
      expect([...node.snapshots.names(), ...node.directory.names()]).toEqual([]);
    }
  });

  it("when the state in it is not whole", async () => {
    const node = new Node();
    const disk = new FaultyDirectory(seededRandom(9));
    await writeSnapshotTo(storeIn(disk.open()), original, [new TextEncoder().encode("count 5")]);
    const bytes = disk.content(disk.names()[0]!)!;
    await expect(node.import(sourceOf(bytes))).rejects.toThrow("frames are missing");
    expect([...node.snapshots.names(), ...node.directory.names()]).toEqual([]);
  });
});

describe("a source", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "import-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("may be a folder with a copied snapshot", async () => {
    await writeFile(join(folder, "40-6.bin"), await snapshotBytes());
    const node = new Node();
    expect(await node.import(folderSource(folder))).toMatchObject({ type: "imported" });
  });

  it("may be an object of the bucket", async () => {
    const bucket = new MemoryObjectStore({ clock: systemClock });
    const key = metastoreSnapshotKey({ clusterId: original.identity.clusterId, index: 40, term: 6 });
    await bucket.put(key, await snapshotBytes(), {}, signal);
    expect(await new Node().import(bucketSource(bucket, key))).toMatchObject({ type: "imported" });
  });

  it("is not a link, though what it leads to is a snapshot", async () => {
    await mkdir(join(folder, "import"));
    await writeFile(join(folder, "target"), await snapshotBytes());
    await symlink(join(folder, "target"), join(folder, "import", "40-6.bin"));
    const node = new Node();
    await expect(node.import(folderSource(join(folder, "import")))).rejects.toThrow(
      "not a plain file: 40-6.bin",
    );
  });

  it.each([
    {
      name: "a folder that is not there",
      source: folderSource("/nowhere/at/all"),
      problem: "cannot be read",
    },
    {
      name: "a key that is none of a copy",
      source: bucketSource(new MemoryObjectStore({ clock: systemClock }), "segments/../x"),
      problem: "not the name of a copy",
    },
  ])("is refused: $name", async ({ source, problem }) => {
    await expect(new Node().import(source)).rejects.toThrow(problem);
  });
});
