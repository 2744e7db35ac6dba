import { describe, expect, it } from "@jest/globals";
import type { Directory } from "../../src/disk/directory.ts";
import { hash, headerOf, newDisk, snapshotOf, storeOn } from "./support/snapshot-files.ts";

const NAME = "incoming-0000000000000040.tmp";
const { signal } = new AbortController();

/** Puts the file of a snapshot of another node into `directory`, changed by `change`. */
async function place(directory: Directory, change = (bytes: Uint8Array): Uint8Array => bytes) {
  const snapshot = await snapshotOf({ sizeBytes: 1_000 });
  const bytes = change(await snapshot.readAt(0, snapshot.sizeBytes));
  await using file = await directory.create(NAME);
  await file.writeAt(0, bytes);
  await file.sync();
  return { snapshot, bytes };
}

describe("a snapshot from another node", () => {
  it("becomes one of this node's, and survives a crash", async () => {
    const disk = newDisk();
    const directory = disk.open();
    const { snapshot, bytes } = await place(directory);
    const header = await storeOn(directory).receive(NAME, snapshot.position);
    expect(header).toEqual(headerOf(40));
    disk.crash();
    expect(disk.names()).toEqual(["snapshot-0000000000000040.bin"]);
    expect(hash(disk.content("snapshot-0000000000000040.bin"))).toBe(hash(bytes));
    expect(await storeOn(disk.open()).read(40, () => {})).toEqual(header);
  });

  it("takes the place of one of the same entry", async () => {
    const directory = newDisk().open();
    const store = storeOn(directory);
    await store.write(headerOf(40, 99), [], Infinity, signal);
    await place(directory);
    await store.receive(NAME);
    expect((await store.read(40, () => {})).position.chain).toBe(77);
  });

  it.each<{ name: string; change: (bytes: Uint8Array) => Uint8Array }>([
    { name: "is cut off", change: (bytes) => bytes.subarray(0, -1) },
    { name: "goes on", change: (bytes) => Uint8Array.of(...bytes, 0) },
    { name: "has a wrong byte", change: (bytes) => bytes.with(500, bytes[500]! ^ 1) },
    { name: "is empty", change: () => new Uint8Array(0) },
  ])("is not taken when it $name; others stay", async ({ change }) => {
    const disk = newDisk();
    const directory = disk.open();
    const store = storeOn(directory);
    await store.write(headerOf(30), [], Infinity, signal);
    await place(directory, change);
    await expect(store.receive(NAME)).rejects.toThrow(/snapshot|chunk|footer/iu);
    expect(await store.indexes()).toEqual([30]);
  });

  it("is not taken when it is another than was announced, or not there", async () => {
    const directory = newDisk().open();
    const { snapshot } = await place(directory);
    const position = { ...snapshot.position, chain: 1 };
    await expect(storeOn(directory).receive(NAME, position)).rejects.toThrow("announced");
    await expect(storeOn(directory).receive("nothing.tmp")).rejects.toThrow("not there");
  });
});

describe("a snapshot that is sent", () => {
  it("has the size of its file, and the digest of its footer", async () => {
    const disk = newDisk();
    const store = storeOn(disk.open());
    const sizeBytes = await store.write(headerOf(40), [new Uint8Array(100)], Infinity, signal);
    await using source = (await store.openForSending(40))!;
    const content = disk.content("snapshot-0000000000000040.bin")!;
    expect(source.sizeBytes).toBe(sizeBytes);
    expect(Buffer.from(source.digest)).toEqual(Buffer.from(content.subarray(-32)));
    expect(hash(await source.readAt(5, 50))).toBe(hash(content.subarray(5, 55)));
  });

  it("is none when there is no file", async () => {
    expect(await storeOn(newDisk().open()).openForSending(1)).toBeUndefined();
  });
});
