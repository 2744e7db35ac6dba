import { describe, expect, it } from "@jest/globals";
import type { OutgoingSnapshot } from "../../src/raft-transport/snapshot-sending.ts";
import {
  SnapshotReceiver,
  type SnapshotAnswer,
  type SnapshotReceiverDeps,
} from "../../src/raft-transport/snapshot-receiver.ts";
import { hash, hashOf, newDisk, snapshotOf, storeOn } from "./support/snapshot-files.ts";

const leader = "self:9099/0";

async function receiverOn(
  disk = newDisk(),
  onSnapshot?: SnapshotReceiverDeps["onSnapshot"],
): Promise<SnapshotReceiver> {
  const directory = disk.open();
  const store = storeOn(directory);
  const keep: SnapshotReceiverDeps["onSnapshot"] = async (_from, _term, name) => {
    await store.receive(name);
    return true;
  };
  const receiver = new SnapshotReceiver({ directory, onSnapshot: onSnapshot ?? keep });
  await receiver.start();
  return receiver;
}

async function give(
  receiver: SnapshotReceiver,
  snapshot: OutgoingSnapshot,
  [start, end]: readonly [number, number],
): Promise<SnapshotAnswer> {
  const bytes = await snapshot.readAt(start, end - start);
  return receiver.receive({ from: leader, term: snapshot.term, id: snapshot, offset: start, bytes });
}

/** Asks until it is checked. */
async function outcome(receiver: SnapshotReceiver, snapshot: OutgoingSnapshot): Promise<string> {
  for (;;) {
    const { state } = await give(receiver, snapshot, [snapshot.sizeBytes, snapshot.sizeBytes]);
    if (state !== "verifying") return state;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a snapshot that arrives in pieces", () => {
  it("is put together, checked, and kept under its name", async () => {
    const disk = newDisk();
    const directory = disk.open();
    const seen: unknown[] = [];
    await using receiver = new SnapshotReceiver({
      directory,
      onSnapshot: async (...args) => {
        seen.push(args);
        await storeOn(directory).receive(args[2]);
        return true;
      },
    });
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    expect(await give(receiver, snapshot, [0, 0])).toEqual({ state: "receiving", offset: 0 });
    expect(await give(receiver, snapshot, [0, 400])).toEqual({ state: "receiving", offset: 400 });
    const end = snapshot.sizeBytes;
    expect(await give(receiver, snapshot, [400, end])).toEqual({ state: "verifying", offset: end });
    expect(await outcome(receiver, snapshot)).toBe("installed");
    expect(seen).toEqual([[leader, snapshot.term, "incoming-0000000000000040.tmp"]]);
    expect(disk.names()).toEqual(["snapshot-0000000000000040.bin"]);
    expect(hash(disk.content("snapshot-0000000000000040.bin"))).toBe(await hashOf(snapshot));
  });

  it("takes each piece once, in its place, and says where it stands", async () => {
    await using receiver = await receiverOn();
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, 400]);
    for (const piece of [
      [0, 400],
      [300, 500],
      [500, 600],
      [0, 0],
    ] as const) {
      expect(await give(receiver, snapshot, piece)).toEqual({ state: "receiving", offset: 400 });
    }
    const pieces = [give(receiver, snapshot, [400, 600]), give(receiver, snapshot, [400, 600])];
    expect(await Promise.all(pieces)).toEqual(Array(2).fill({ state: "receiving", offset: 600 }));
    await give(receiver, snapshot, [600, snapshot.sizeBytes]);
    expect(await outcome(receiver, snapshot)).toBe("installed");
    expect((await give(receiver, snapshot, [0, 400])).state).toBe("installed");
  });

  it("is refused when it is damaged, and may come again", async () => {
    const disk = newDisk();
    let isDamaged = true;
    await using receiver = await receiverOn(disk, async () => {
      if (isDamaged) throw new Error("damaged");
      return true;
    });
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, snapshot.sizeBytes]);
    expect(await outcome(receiver, snapshot)).toBe("refused");
    expect(disk.names()).toEqual([]);
    isDamaged = false;
    expect(await give(receiver, snapshot, [0, 0])).toEqual({ state: "receiving", offset: 0 });
    await give(receiver, snapshot, [0, snapshot.sizeBytes]);
    expect(await outcome(receiver, snapshot)).toBe("installed");
  });

  it.each([
    { name: "of a later leader", newer: { term: 7, index: 30 } },
    { name: "of a later entry", newer: { term: 6, index: 41 } },
    { name: "of the same entry, written anew", newer: { term: 6, index: 40, chain: 78 } },
  ])("gives way to one $name", async ({ newer }) => {
    const disk = newDisk();
    await using receiver = await receiverOn(disk);
    const old = await snapshotOf({ sizeBytes: 1_000 });
    const next = await snapshotOf({ sizeBytes: 1_000, ...newer });
    await give(receiver, old, [0, 400]);
    expect(await give(receiver, next, [0, 0])).toEqual({ state: "receiving", offset: 0 });
    expect(disk.names()).toHaveLength(1);
    expect((await give(receiver, next, [0, next.sizeBytes])).state).toBe("verifying");
    expect(await outcome(receiver, next)).toBe("installed");
  });

  it.each([
    { name: "of an earlier leader", older: { term: 5, index: 50 } },
    { name: "of an earlier entry", older: { term: 6, index: 39 } },
  ])("does not give way to one $name", async ({ older }) => {
    await using receiver = await receiverOn();
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, 400]);
    const other = await snapshotOf({ sizeBytes: 1_000, ...older });
    expect((await give(receiver, other, [0, 400])).state).toBe("refused");
    expect((await give(receiver, snapshot, [0, 0])).offset).toBe(400);
  });

  it("goes on when the next leader has the very same file", async () => {
    await using receiver = await receiverOn();
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, 400]);
    const next = { ...snapshot, term: snapshot.term + 1 };
    expect(await give(receiver, next, [0, 0])).toEqual({ state: "receiving", offset: 400 });
  });

  it("is left alone while it is being checked", async () => {
    let finish = (): void => undefined;
    const checked = new Promise<boolean>((resolve) => (finish = () => resolve(true)));
    await using receiver = await receiverOn(newDisk(), () => checked);
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, snapshot.sizeBytes]);
    const next = await snapshotOf({ sizeBytes: 1_000, index: 41 });
    await expect(give(receiver, next, [0, 0])).rejects.toThrow("being checked");
    finish();
    expect(await outcome(receiver, snapshot)).toBe("installed");
    expect(await give(receiver, next, [0, 0])).toEqual({ state: "receiving", offset: 0 });
  });

  it("begins anew when the disk fails, and leaves nothing behind", async () => {
    const disk = newDisk();
    await using receiver = await receiverOn(disk);
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, 400]);
    disk.failAfter(0);
    await expect(give(receiver, snapshot, [400, 500])).rejects.toThrow("input/output");
    expect(disk.names()).toEqual([]);
    disk.failAfter(Infinity);
    expect(await give(receiver, snapshot, [0, 0])).toEqual({ state: "receiving", offset: 0 });
  });

  it("is not begun without room for it", async () => {
    const disk = newDisk();
    const full = {
      ...disk.open(),
      list: async () => [],
      space: async () => ({ freeBytes: 2 ** 29, totalBytes: 2 ** 40 }),
    };
    await using receiver = new SnapshotReceiver({ directory: full, onSnapshot: async () => true });
    await expect(give(receiver, await snapshotOf({ sizeBytes: 10 }), [0, 0])).rejects.toThrow("no room");
  });

  it("is removed at the next start when it is unfinished; other files stay", async () => {
    const disk = newDisk();
    await disk.open().create("snapshot-0000000000000001.bin");
    const receiver = await receiverOn(disk);
    await give(receiver, await snapshotOf({ sizeBytes: 1_000 }), [0, 400]);
    await disk.open().sync();
    disk.crash();
    expect(disk.names()).toHaveLength(2);
    await receiverOn(disk);
    expect(disk.names()).toEqual(["snapshot-0000000000000001.bin"]);
  });

  it("is removed when the receiver closes, and nothing more is taken", async () => {
    const disk = newDisk();
    const receiver = await receiverOn(disk);
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    await give(receiver, snapshot, [0, 400]);
    await receiver[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
    expect(disk.names()).toEqual([]);
    await expect(give(receiver, snapshot, [0, 400])).rejects.toThrow("stops");
  });

  it("does not let pieces pile up", async () => {
    await using receiver = await receiverOn();
    const snapshot = await snapshotOf({ sizeBytes: 1_000 });
    const pieces = await Promise.allSettled(
      Array.from({ length: 9 }, () => give(receiver, snapshot, [0, 9])),
    );
    expect(pieces.filter(({ status }) => status === "rejected")).toHaveLength(5);
  });
});
