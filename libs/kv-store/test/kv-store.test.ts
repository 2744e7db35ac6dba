import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import {
  FaultyKvDisk,
  KvLockedError,
  KvUnreadableError,
  KvWriteError,
  MemoryKvStore,
  openLevelStore,
} from "../src/index.ts";
import { tableProblem } from "../src/check-level-tables.ts";
import { crc32c } from "../src/crc32c.ts";
import type { KvEntry, KvRange, KvStore } from "../src/index.ts";

const everything: KvRange = { from: Uint8Array.of(), to: Uint8Array.of(255) };
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const put = (key: Uint8Array, value: Uint8Array) => ({ type: "put", key, value }) as const;

async function readAll(store: KvStore, range = everything, batchSize = 2): Promise<number[][]> {
  await using scan = store.scan(range);
  const all: KvEntry[] = [];
  for (;;) {
    const batch = await scan.next(batchSize);
    if (batch.length === 0) return all.map(([key, value]) => [...key, ...value]);
    all.push(...batch);
  }
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kv-store-"));
});
afterEach(() => rm(directory, { recursive: true }));

describe.each([
  { name: "LevelDB", open: () => openLevelStore(directory) },
  { name: "memory", open: async () => new MemoryKvStore() },
  { name: "faulty disk without faults", open: async () => new FaultyKvDisk(seededRandom(1)).open() },
])("a key-value store: $name", ({ open }) => {
  it("answers undefined for a key that is not there", async () => {
    await using store = await open();
    expect(await store.get(bytes(1))).toBeUndefined();
  });

  it("keeps the last write of a key, also within one commit", async () => {
    await using store = await open();
    await store.commit([put(bytes(1), bytes(10)), put(bytes(1), bytes(11))]);
    await store.commit([put(bytes(2), bytes(20)), { type: "delete", key: bytes(2) }]);
    expect(await readAll(store)).toEqual([[1, 11]]);
  });

  it("scans [from, to) in the order of unsigned bytes", async () => {
    await using store = await open();
    const keys = [bytes(200, 1), bytes(3), bytes(3, 0), bytes(127), bytes(128)];
    await store.commit(keys.map((key) => put(key, bytes())));
    expect(await readAll(store)).toEqual([[3], [3, 0], [127], [128], [200, 1]]);
    expect(await readAll(store, { from: bytes(3, 0), to: bytes(128) })).toEqual([[3, 0], [127]]);
  });

  it("does not show a scan what is written after it began", async () => {
    await using store = await open();
    await store.commit([put(bytes(1), bytes())]);
    await using scan = store.scan(everything);
    await store.commit([put(bytes(2), bytes())]);
    expect((await scan.next(10)).length).toBe(1);
    expect((await scan.next(10)).length).toBe(0);
  });

  it("holds copies: changing the caller's bytes later changes nothing", async () => {
    await using store = await open();
    const value = bytes(5);
    await store.commit([put(bytes(1), value)]);
    value[0] = 6;
    expect(await readAll(store)).toEqual([[1, 5]]);
  });

  it("takes concurrent commits in the order of the calls", async () => {
    await using store = await open();
    // Often, since threads overtake each other rarely.
    for (let round = 0; round < 100; round++) {
      await Promise.all([1, 2, 3, 4, 5].map((n) => store.commit([put(bytes(1), bytes(n))])));
      expect(await readAll(store)).toEqual([[1, 5]]);
    }
  });
});

describe("openLevelStore", () => {
  it("finds at the next start what was committed", async () => {
    {
      await using store = await openLevelStore(directory);
      await store.commit([put(bytes(1), bytes(2))]);
    }
    await using again = await openLevelStore(directory);
    expect(await readAll(again)).toEqual([[1, 2]]);
  });

  it("refuses a store that is open elsewhere", async () => {
    await using store = await openLevelStore(directory);
    await expect(openLevelStore(directory)).rejects.toBeInstanceOf(KvLockedError);
    expect(await store.get(bytes(1))).toBeUndefined();
  });
});

describe("the tables of a LevelDB store", () => {
  /** Opening again moves what is in LevelDB's log to a table. */
  async function storeWithTable(): Promise<string> {
    for (let life = 0; life < 2; life++) {
      await using store = await openLevelStore(directory);
      const writes = Array.from({ length: 200 }, (_, n) => put(bytes(life, n), new Uint8Array(100).fill(n)));
      await store.commit(writes);
    }
    const name = (await readdir(directory)).find((file) => file.endsWith(".ldb"));
    return join(directory, name ?? "no table");
  }

  it("are checked when it opens: a flipped bit in any block is refused", async () => {
    const path = await storeWithTable();
    const table = await readFile(path);
    expect(tableProblem(table)).toBeUndefined();
    const footerStart = table.length - 48;
    for (let at = 0; at < footerStart; at += 7) {
      table[at]! ^= 4;
      expect(tableProblem(table)).toMatch(/checksum|range|cut short|compressed/);
      table[at]! ^= 4;
    }
    table[Math.floor(footerStart / 2)]! ^= 4;
    await writeFile(path, table);
    await expect(openLevelStore(directory)).rejects.toBeInstanceOf(KvUnreadableError);
  });

  it.each([0, 47, 48, 1_000])("are refused when cut to %d bytes", async (length) => {
    const table = await readFile(await storeWithTable());
    expect(tableProblem(table.subarray(0, length))).toMatch(/short|footer/);
  });
});

describe("crc32c", () => {
  it("is that of RFC 3720, B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa);
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe306_9283);
  });
});

describe("FaultyKvDisk", () => {
  it("keeps acknowledged commits over a crash, and of those under way a prefix, each whole", async () => {
    for (let seed = 0; seed < 200; seed++) {
      const disk = new FaultyKvDisk(seededRandom(seed));
      const store = disk.open();
      await store.commit([put(bytes(0), bytes(0))]);
      let acknowledgedCount = 1;
      for (const n of [1, 2, 3]) {
        void store
          .commit([put(bytes(n), bytes(n)), put(bytes(100 + n), bytes(n))])
          .then(() => acknowledgedCount++);
      }
      for (let turn = 0; turn < seed % 10; turn++) await Promise.resolve();
      const acknowledgedBefore = acknowledgedCount;
      disk.crash();
      const keys = disk.entries(everything).map(([key]) => key[0] ?? -1);
      const survivors = keys.filter((key) => key < 100);
      expect(survivors).toEqual([0, 1, 2, 3].slice(0, survivors.length));
      expect(keys.length - survivors.length).toBe(survivors.length - 1);
      expect(survivors.length).toBeGreaterThanOrEqual(acknowledgedBefore);
    }
  });

  it("refuses every write after a failed one", async () => {
    const disk = new FaultyKvDisk(seededRandom(7));
    const store = disk.open();
    disk.failAfter(1);
    await store.commit([put(bytes(1), bytes(1))]);
    await expect(store.commit([put(bytes(2), bytes(2))])).rejects.toBeInstanceOf(KvWriteError);
    disk.failAfter(100);
    await expect(store.commit([put(bytes(3), bytes(3))])).rejects.toBeInstanceOf(KvWriteError);
    expect(disk.entries(everything).map(([key]) => key[0])).not.toContain(3);
  });
});
