import { beforeEach, describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import {
  FaultyObjectStore,
  MemoryObjectStore,
  metastoreSnapshotKey,
  type Fault,
  type ObjectOperation,
} from "@hearth/object-store";
import { seededRandom } from "@hearth/runtime";
import { SnapshotBackup, type BackupObserver } from "../../src/backup/snapshot-backup.ts";
import type { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { ManualClock } from "../raft-transport/support/manual-clock.ts";
import { FaultyDirectory } from "../support/faulty-directory.ts";
import { ListMachine } from "../support/list-machine.ts";
import { snapshotHeader, storeIn, writeSnapshotTo } from "../support/snapshots.ts";

const { signal } = new AbortController();
const { clusterId } = snapshotHeader({ index: 9 }).identity;

let clock: ManualClock;
let bucket: MemoryObjectStore;
let disk: FaultyDirectory;
let snapshots: SnapshotStore;
let told: string[];
beforeEach(() => {
  clock = new ManualClock();
  bucket = new MemoryObjectStore({ clock });
  disk = new FaultyDirectory(seededRandom(1));
  snapshots = storeIn(disk.open());
  told = [];
});

const observer: BackupObserver = {
  onStored: ({ key }) => void told.push(`stored ${key}`),
  onPresent: () => void told.push("present"),
  onFailure: (error) => void told.push(`failed: ${(error as Error).message}`),
  onRemovalFailure: (error) => void told.push(`not removed: ${(error as Error).message}`),
};

function backupTo(objectStore: MemoryObjectStore | FaultyObjectStore = bucket, retain = 2): SnapshotBackup {
  return new SnapshotBackup({ objectStore, snapshots, clock, observer }, { retain, timeoutMs: 60_000 });
}

function faulty(plan: (operation: ObjectOperation) => Fault): FaultyObjectStore {
  return new FaultyObjectStore(bucket, { clock, plan });
}

/** Time passes between snapshots, so that the bucket knows which is newer. */
async function takeSnapshot(
  index: number,
  options: { term?: number; commands?: string[] } = {},
): Promise<void> {
  clock.advance(1_000);
  const machine = new ListMachine();
  machine.applied = options.commands ?? [`state ${index}`];
  await writeSnapshotTo(snapshots, snapshotHeader({ index, ...options }), machine.capture());
}

function keyOf(index: number, term = 3): string {
  return metastoreSnapshotKey({ clusterId, index, term });
}

async function keysInBucket(): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of bucket.list("", {}, signal)) if (entry.type === "object") keys.push(entry.key);
  return keys;
}

function fileOf(index: number): Uint8Array {
  return disk.content(`snapshot-${String(index).padStart(16, "0")}.bin`)!;
}

describe("a backup", () => {
  it("is the file of the newest snapshot, byte by byte, under the cluster's name", async () => {
    await takeSnapshot(5);
    await takeSnapshot(9);
    expect(await backupTo().backUp(signal)).toEqual({ type: "stored", key: keyOf(9) });
    expect(await keysInBucket()).toEqual([`metastore/snapshots/${clusterId}/9-3.bin`]);
    expect(Buffer.from(await bucket.get(keyOf(9), signal))).toEqual(Buffer.from(fileOf(9)));
    expect(told).toEqual([`stored ${keyOf(9)}`]);
  });

  it("is made once of each snapshot, also by a process that was started again", async () => {
    await takeSnapshot(9);
    let putCount = 0;
    const counting = faulty(({ name }) => {
      if (name === "put") putCount++;
      return {};
    });
    const backup = backupTo(counting);
    await backup.backUp(signal);
    expect(await backup.backUp(signal)).toEqual({ type: "present", key: keyOf(9) });
    expect(putCount).toBe(1);
    expect(await backupTo(counting).backUp(signal)).toEqual({ type: "present", key: keyOf(9) });
    expect(told).toEqual([`stored ${keyOf(9)}`, "present", "present"]);
  });

  it("is made once for callers that come together", async () => {
    await takeSnapshot(9);
    const backup = backupTo();
    const [first, second] = await Promise.all([backup.backUp(signal), backup.backUp(signal)]);
    expect(second).toBe(first);
    expect(told).toHaveLength(1);
  });

  it("takes the place of one of a former life with the same position and another state", async () => {
    await takeSnapshot(9, { commands: ["former"] });
    await backupTo().backUp(signal);
    await takeSnapshot(9, { commands: ["present"] });
    expect(await backupTo().backUp(signal)).toEqual({ type: "stored", key: keyOf(9) });
    expect(Buffer.from(await bucket.get(keyOf(9), signal))).toEqual(Buffer.from(fileOf(9)));
  });

  it("keeps the newest copies and removes the others", async () => {
    const backup = backupTo();
    for (const index of [5, 9, 12, 20]) {
      await takeSnapshot(index);
      await backup.backUp(signal);
    }
    expect(await keysInBucket()).toEqual([keyOf(12), keyOf(20)]);
  });

  it("is nothing while there is no snapshot", async () => {
    expect(await backupTo().backUp(signal)).toEqual({ type: "none" });
    expect(told).toEqual([]);
  });
});

describe("a backup that fails", () => {
  it("says so, throws nothing, and is made the next time", async () => {
    await takeSnapshot(9);
    let isDown = true;
    const backup = backupTo(faulty(() => (isDown ? { error: new UnavailableError("no answer") } : {})));
    expect(await backup.backUp(signal)).toMatchObject({ type: "failed" });
    isDown = false;
    expect(await backup.backUp(signal)).toMatchObject({ type: "stored" });
    expect(told).toEqual(["failed: no answer", `stored ${keyOf(9)}`]);
  });

  it("never copies a damaged snapshot", async () => {
    await takeSnapshot(9);
    disk.damage("snapshot-0000000000000009.bin", 8 * (fileOf(9).length - 40));
    expect(await backupTo().backUp(signal)).toMatchObject({ type: "failed" });
    expect(await keysInBucket()).toEqual([]);
    expect(told).toHaveLength(1);
  });

  it("counts as made when only the old copies could not be removed", async () => {
    await takeSnapshot(5);
    await backupTo().backUp(signal);
    await takeSnapshot(9);
    const objectStore = faulty(({ name }) =>
      name === "delete" ? { error: new UnavailableError("no answer") } : {},
    );
    expect(await backupTo(objectStore, 1).backUp(signal)).toMatchObject({ type: "stored" });
    expect(told.slice(1)).toEqual([`stored ${keyOf(9)}`, "not removed: no answer"]);
    expect(await keysInBucket()).toEqual([keyOf(5), keyOf(9)]);
  });

  it("because the process stops is no failure to be told of", async () => {
    await takeSnapshot(9);
    const stop = new AbortController();
    stop.abort(new Error("the process stops"));
    expect(await backupTo().backUp(stop.signal)).toMatchObject({ type: "failed" });
    expect(told).toEqual([]);
  });
});
