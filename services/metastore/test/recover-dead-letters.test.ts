import { beforeEach, describe, expect, it } from "@jest/globals";
import { encodeBlockMeta } from "@hearth/block";
import {
  deadLetterKey,
  FaultyObjectStore,
  MemoryObjectStore,
  parseObjectKey,
  type Fault,
  type ObjectOperation,
  type ObjectStore,
} from "@hearth/object-store";
import { seededRandom, systemClock } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { OBJECT_GONE } from "../src/block-registry.ts";
import { recoverDeadLetters } from "../src/dead-letters/recover-dead-letters.ts";
import type { BlockRefusal } from "../src/index-state/command-result.ts";
import { metastoreMetrics } from "../src/metrics.ts";
import { blockObject, putObjects } from "./support/block-objects.ts";
import { START_MS, ulidAt } from "./support/blocks.ts";

const random = seededRandom(1);
const id = ulidAt(START_MS, random);
const otherId = ulidAt(START_MS + 1, random);
const segment = blockObject(id);
const damaged = segment.bytes.map((byte, index) => (index === segment.bytes.length - 40 ? byte ^ 1 : byte));
const letterKey = deadLetterKey(segment.meta);
const refusedKey = letterKey.replace("dlq/", "dlq-refused/");
const goodLetter = encodeBlockMeta(segment.meta);
const noLetter = new Uint8Array([1, 2, 3]);
const never = new AbortController().signal;

let objectStore: MemoryObjectStore;
beforeEach(() => {
  objectStore = new MemoryObjectStore({ clock: systemClock });
});

/** Runs once. @returns the ids that were registered, and the keys of letters afterwards. */
async function recover(refusals: readonly BlockRefusal[] = [], bucket: ObjectStore = objectStore) {
  const registered: string[] = [];
  const registry = {
    async register(blocks: readonly { readonly id: string }[]) {
      const refused = new Set(refusals.map(({ block }) => block));
      registered.push(...blocks.flatMap(({ id: block }) => (refused.has(block) ? [] : [block])));
      return refusals;
    },
  };
  const metrics = metastoreMetrics(new MetricRegistry());
  const deps = { objectStore: bucket, registry, metrics, logger: noopLogger, clock: systemClock, random };
  await recoverDeadLetters(deps, never);
  const letters: string[] = [];
  for await (const entry of objectStore.list("dlq", {}, never)) {
    if (entry.type === "object") letters.push(entry.key);
  }
  return { registered, letters };
}

async function put(objects: readonly { readonly key: string; readonly bytes: Uint8Array }[]): Promise<void> {
  await putObjects(objectStore, objects);
}

describe("a dead letter", () => {
  it("is registered and removed", async () => {
    await put([segment, { key: letterKey, bytes: goodLetter }]);
    expect(await recover()).toEqual({ registered: [id], letters: [] });
  });

  it("is removed when its block was compacted and deleted meanwhile", async () => {
    await put([{ key: letterKey, bytes: goodLetter }]);
    expect(await recover([{ block: id, reason: OBJECT_GONE }])).toEqual({ registered: [], letters: [] });
  });

  it.each([
    { name: "is not readable", letter: noLetter },
    { name: "is empty", letter: new Uint8Array() },
    { name: "is of another block", letter: encodeBlockMeta(blockObject(otherId).meta) },
    { name: "says what no block can be", letter: encodeBlockMeta({ ...segment.meta, shard: 0 }) },
  ])("that $name is no loss: the block says what it is", async ({ letter }) => {
    await put([segment, { key: letterKey, bytes: letter }]);
    expect(await recover()).toEqual({ registered: [id], letters: [] });
  });

  it.each([
    { name: "is damaged too", bytes: damaged },
    { name: "is another one", bytes: blockObject(otherId).bytes },
  ])("that is not readable is put aside, byte by byte, when its block $name", async ({ bytes }) => {
    await put([
      { key: segment.key, bytes },
      { key: letterKey, bytes: noLetter },
    ]);
    expect(await recover()).toEqual({ registered: [], letters: [refusedKey] });
    expect(parseObjectKey(refusedKey)?.type).toBe("refusedLetter");
    expect(await objectStore.get(refusedKey, never)).toEqual(noLetter);
  });

  it("that is not readable is put aside when there is no block", async () => {
    await put([{ key: letterKey, bytes: noLetter }]);
    expect(await recover()).toEqual({ registered: [], letters: [refusedKey] });
  });

  it("is put aside when its block is refused, and does not hold up others", async () => {
    const other = blockObject(otherId);
    const otherLetter = { key: deadLetterKey(other.meta), bytes: encodeBlockMeta(other.meta) };
    await put([segment, other, { key: letterKey, bytes: goodLetter }, otherLetter]);
    const refusals = [{ block: id, reason: "for a reason" }];
    expect(await recover(refusals)).toEqual({ registered: [otherId], letters: [refusedKey] });
  });

  it.each(["head", "getRange"] as const)(
    "stays when the bucket fails to %s its block, to be read again",
    async (operation) => {
      await put([segment, { key: letterKey, bytes: noLetter }]);
      const error = new Error("the bucket is away");
      const plan = ({ name }: ObjectOperation): Fault => (name === operation ? { error } : {});
      const store = new FaultyObjectStore(objectStore, { clock: systemClock, plan });
      await expect(recover([], store)).rejects.toThrow("the bucket is away");
      expect(await objectStore.get(letterKey, never)).toEqual(noLetter);
    },
  );
});
