import { describe, expect, it } from "@jest/globals";
import { bufferAhead, mapAhead } from "../../src/rebuild/ahead.ts";

async function* numbers(count: number, seen: number[] = []): AsyncGenerator<number, void, undefined> {
  for (let number = 0; number < count; number++) {
    seen.push(number);
    yield number;
  }
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** Lets everything that waits for nothing outside happen. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function* failing(): AsyncGenerator<number, void, undefined> {
  yield 1;
  throw new Error("the source failed");
}

describe("mapAhead", () => {
  it("keeps the order, whatever is done first", async () => {
    const turnsOf = async (number: number): Promise<number> => {
      for (let turn = 0; turn < (number * 7) % 11; turn++) await Promise.resolve();
      return number;
    };
    expect(await all(mapAhead(numbers(100), 16, turnsOf))).toEqual(await all(numbers(100)));
  });

  it("never has more under way than it may", async () => {
    let underWay = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++underWay);
      await settled();
      underWay--;
    };
    await all(mapAhead(numbers(30), 4, work));
    expect(most).toBe(4);
  });

  it("throws a failure when its turn comes, and waits for what is under way", async () => {
    const done: number[] = [];
    const work = async (number: number): Promise<number> => {
      if (number === 1) throw new Error("one failed");
      await settled();
      done.push(number);
      return number;
    };
    await expect(all(mapAhead(numbers(4), 4, work))).rejects.toThrow("one failed");
    expect(done).toEqual([0, 2, 3]);
  });
});

describe("bufferAhead", () => {
  it("gives all, in order, through any capacity", async () => {
    for (const capacity of [1, 2, 7, 1000]) {
      expect(await all(bufferAhead(numbers(50), capacity))).toEqual(await all(numbers(50)));
    }
  });

  it("takes so many before it is asked, and no more", async () => {
    const seen: number[] = [];
    const buffered = bufferAhead(numbers(50, seen), 5);
    await buffered.next();
    await settled();
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(seen.length).toBeLessThanOrEqual(10);
    await buffered.return();
  });

  it("throws the failure of its source after what came before", async () => {
    const buffered = bufferAhead(failing(), 5);
    expect(await buffered.next()).toEqual({ done: false, value: 1 });
    await expect(buffered.next()).rejects.toThrow("the source failed");
  });

  it("leaves its source when it is left", async () => {
    const seen: number[] = [];
    const buffered = bufferAhead(numbers(1_000, seen), 5);
    await buffered.next();
    await buffered.return();
    const seenThen = seen.length;
    await settled();
    expect(seen).toHaveLength(seenThen);
  });
});
