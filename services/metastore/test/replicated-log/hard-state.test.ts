import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import {
  HARD_STATE_FILE,
  HardStateFile,
  PAGE_BYTES,
  type HardState,
} from "../../src/replicated-log/hard-state.ts";
import { firstIdentity } from "../../src/replicated-log/identity.ts";
import { FaultyDirectory } from "../support/faulty-directory.ts";

const identity = firstIdentity({ name: "test", peers: ["a", "b"], nodeName: "a" });
const state = (term: number): HardState => ({
  identity,
  term,
  vote: term % 2 === 0 ? undefined : "a/0",
  witness: { index: term * 10, chain: 0xffff_0000 + term },
});

async function written(disk: FaultyDirectory, lastTerm: number): Promise<void> {
  const file = await HardStateFile.create(disk.open(), state(1));
  for (let term = 2; term <= lastTerm; term++) await file.write(state(term));
}

async function found(disk: FaultyDirectory): Promise<HardState | string> {
  const opened = await HardStateFile.open(disk.open());
  return opened.type === "valid" ? opened.value.state : opened.type;
}

describe("the hard state", () => {
  it("is absent before the first write", async () => {
    expect(await found(new FaultyDirectory(seededRandom(1)))).toBe("absent");
  });

  it.each([1, 2, 3, 4])("is the last of %d writes", async (count) => {
    const disk = new FaultyDirectory(seededRandom(1));
    await written(disk, count);
    disk.crash();
    expect(await found(disk)).toEqual(state(count));
  });

  it("survives damage to any one of its pages", async () => {
    for (let page = 0; page < 4; page++) {
      const disk = new FaultyDirectory(seededRandom(1));
      await written(disk, 5);
      disk.damage(HARD_STATE_FILE, (page * PAGE_BYTES + 17) * 8);
      expect(await found(disk)).toEqual(state(5));
    }
  });

  it("is damaged when no page is whole", async () => {
    const disk = new FaultyDirectory(seededRandom(1));
    await written(disk, 5);
    for (let page = 0; page < 4; page++) disk.damage(HARD_STATE_FILE, (page * PAGE_BYTES + 17) * 8);
    expect(await found(disk)).toBe("damaged");
  });

  it("is the old or the new one after a torn write, never another", async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      const disk = new FaultyDirectory(seededRandom(seed));
      const file = await HardStateFile.create(disk.open(), state(1));
      await file.write(state(2));
      void file.write(state(3));
      disk.crash();
      const after = await found(disk);
      expect([state(2), state(3)]).toContainEqual(after);
      seen.add((after as HardState).term);
    }
    expect(seen).toEqual(new Set([2, 3]));
  });

  it("is there whole or not at all when the first write is torn", async () => {
    for (let seed = 0; seed < 100; seed++) {
      const disk = new FaultyDirectory(seededRandom(seed));
      void HardStateFile.create(disk.open(), state(1));
      for (let turn = 0; turn < seed; turn++) await Promise.resolve();
      disk.crash();
      expect(["absent", state(1)]).toContainEqual(await found(disk));
    }
  });
});
