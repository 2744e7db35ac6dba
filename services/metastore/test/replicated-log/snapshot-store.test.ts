import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { bootstrapMembership, firstIdentity } from "../../src/replicated-log/identity.ts";
import type { SnapshotHeader } from "../../src/replicated-log/snapshot-file.ts";
import { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { FaultyDirectory } from "../support/faulty-directory.ts";
import { stillClock } from "../support/simulated-node.ts";

const { signal } = new AbortController();
const frames = [Uint8Array.of(1, 2, 3), new Uint8Array(5_000), Uint8Array.of(4)];

function header(index: number, compression: SnapshotHeader["compression"] = "none"): SnapshotHeader {
  const identity = firstIdentity({ name: "test", peers: ["a"], nodeName: "a" });
  return {
    identity,
    position: { index, term: 3, chain: 77 },
    membership: bootstrapMembership(["a"]),
    compression,
  };
}

function storeOn(disk: FaultyDirectory): SnapshotStore {
  return new SnapshotStore({ directory: disk.open(), clock: stillClock });
}

async function readAll(
  store: SnapshotStore,
  index: number,
): Promise<{ header: SnapshotHeader; frames: number[][] }> {
  const read: number[][] = [];
  const header = await store.read(index, (frame) => void read.push([...frame]));
  return { header, frames: read };
}

describe("snapshots", () => {
  it.each(["none", "zstd"] as const)("are read as they were written, compression %s", async (compression) => {
    const store = storeOn(new FaultyDirectory(seededRandom(1)));
    await store.write(header(9, compression), frames, Infinity, signal);
    const want = { header: header(9, compression), frames: frames.map((frame) => [...frame]) };
    expect(await readAll(store, 9)).toEqual(want);
  });

  it("survive a crash once written", async () => {
    const disk = new FaultyDirectory(seededRandom(1));
    await storeOn(disk).write(header(9), frames, Infinity, signal);
    disk.crash();
    expect((await readAll(storeOn(disk), 9)).frames).toHaveLength(3);
  });

  it("show every flipped bit", async () => {
    const disk = new FaultyDirectory(seededRandom(1));
    await storeOn(disk).write(header(9), [Uint8Array.of(1, 2, 3), Uint8Array.of(4)], Infinity, signal);
    const [name = ""] = disk.names();
    const bitCount = (disk.content(name)?.length ?? 0) * 8;
    for (let bit = 0; bit < bitCount; bit++) {
      disk.damage(name, bit);
      await expect(storeOn(disk).read(9, () => {})).rejects.toThrow(
        /snapshot|chunk|footer|bytes|cluster|utf-8/i,
      );
      disk.damage(name, bit);
    }
    await expect(storeOn(disk).read(9, () => {})).resolves.toBeDefined();
  });

  it("are whole or not there after a crash while they are written", async () => {
    let present = 0;
    for (let seed = 0; seed < 100; seed++) {
      const disk = new FaultyDirectory(seededRandom(seed));
      void storeOn(disk).write(header(9), frames, Infinity, signal);
      for (let turn = 0; turn < seed * 2; turn++) await Promise.resolve();
      disk.crash();
      const store = storeOn(disk);
      for (const index of await store.indexes()) {
        expect((await readAll(store, index)).frames).toHaveLength(3);
        present++;
      }
    }
    expect(present).toBeGreaterThan(5);
    expect(present).toBeLessThan(95);
  });

  it("leave nothing behind when writing fails", async () => {
    for (let count = 0; count < 6; count++) {
      const disk = new FaultyDirectory(seededRandom(1));
      disk.failAfter(count);
      await expect(storeOn(disk).write(header(9), frames, Infinity, signal)).rejects.toThrow("input/output");
      expect(disk.names()).toEqual([]);
    }
  });

  it("are kept to the newest, and unfinished ones removed", async () => {
    const disk = new FaultyDirectory(seededRandom(1));
    const store = storeOn(disk);
    for (const index of [5, 100, 20]) await store.write(header(index), frames, Infinity, signal);
    await disk.open().create("snapshot-0000000000000300.bin.tmp");
    await disk.open().create("hard-state");
    const again = storeOn(disk);
    await again.prune(2);
    expect(await again.indexes()).toEqual([100, 20]);
    expect(disk.names()).toHaveLength(3);
  });

  it("are written no faster than allowed", async () => {
    const slept: number[] = [];
    const clock = { ...stillClock, sleep: async (ms: number) => void slept.push(ms) };
    const store = new SnapshotStore({ directory: new FaultyDirectory(seededRandom(1)).open(), clock });
    await store.write(header(9), [new Uint8Array(992), new Uint8Array(992)], 1_000, signal);
    expect(slept).toEqual([1_000, 2_000]);
  });
});
