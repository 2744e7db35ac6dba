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
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { OBJECT_GONE } from "../../src/block-registry.ts";
import { GIVEN_UP } from "../../src/compaction/compaction.ts";
import { recoverDeadLetters } from "../../src/dead-letters/recover-dead-letters.ts";
import type { BlockRefusal } from "../../src/index-state/command-result.ts";
import { metastoreMetrics } from "../../src/metrics.ts";
import { blockObject, putObjects } from "../support/block-objects.ts";
import { START_MS, ulidAt } from "../support/blocks.ts";

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

const PUT_ASIDE = { registered: [], letters: [refusedKey], statuses: ["refused"], logged: ["error"] };

let objectStore: MemoryObjectStore;
beforeEach(() => {
  objectStore = new MemoryObjectStore({ clock: systemClock });
});

/** Runs once. @returns the ids that were registered, the keys of letters afterwards, how outcomes were counted, and what was logged. */
async function recover(refusals: readonly BlockRefusal[] = [], bucket: ObjectStore = objectStore) {
  const registered: string[] = [];
  const registry = {
    async register(blocks: readonly { readonly id: string }[]) {
      const refused = new Set(refusals.map(({ block }) => block));
      registered.push(...blocks.flatMap(({ id: block }) => (refused.has(block) ? [] : [block])));
      return refusals;
    },
  };
  const metricRegistry = new MetricRegistry();
  const { logger, events } = memoryLogger();
  const metrics = metastoreMetrics(metricRegistry);
  const deps = { objectStore: bucket, registry, metrics, logger, clock: systemClock, random };
  await recoverDeadLetters(deps, never);
  const letters: string[] = [];
  for await (const entry of objectStore.list("dlq", {}, never)) {
    if (entry.type === "object") letters.push(entry.key);
  }
  const { body } = await metricRegistry.expose();
  const statuses = Array.from(
    body.matchAll(/dlq_recovery_attempts_total\{status="(\w+)"\} 1/gu),
    ([, status]) => status,
  );
  return { registered, letters, statuses, logged: events.map(({ level }) => level) };
}

async function put(objects: readonly { readonly key: string; readonly bytes: Uint8Array }[]): Promise<void> {
  await putObjects(objectStore, objects);
}

describe("a dead letter", () => {
  it("is registered and removed", async () => {
    await put([segment, { key: letterKey, bytes: goodLetter }]);
    expect(await recover()).toEqual({ registered: [id], letters: [], statuses: ["registered"], logged: [] });
  });

  it.each([
    { name: "was compacted and deleted meanwhile", reason: OBJECT_GONE, status: "gone", logged: [] },
    { name: "was given up before it came", reason: GIVEN_UP, status: "given_up", logged: ["error"] },
  ])("is removed when its block $name", async ({ reason, status, logged }) => {
    await put([{ key: letterKey, bytes: goodLetter }]);
    const outcome = await recover([{ block: id, reason }]);
    expect(outcome).toEqual({ registered: [], letters: [], statuses: [status], logged });
  });

  it.each([
    { name: "is not readable", letter: noLetter },
    { name: "is empty", letter: new Uint8Array() },
    { name: "is of another block", letter: encodeBlockMeta(blockObject(otherId).meta) },
    { name: "says what no block can be", letter: encodeBlockMeta({ ...segment.meta, shard: 0 }) },
  ])("that $name is no loss: the block says what it is", async ({ letter }) => {
    await put([segment, { key: letterKey, bytes: letter }]);
    expect(await recover()).toMatchObject({ registered: [id], letters: [], statuses: ["registered"] });
  });

  it.each([
    { name: "is damaged too", bytes: damaged },
    { name: "is another one", bytes: blockObject(otherId).bytes },
  ])("that is not readable is put aside, byte by byte, when its block $name", async ({ bytes }) => {
    await put([
      { key: segment.key, bytes },
      { key: letterKey, bytes: noLetter },
    ]);
    expect(await recover()).toEqual(PUT_ASIDE);
    expect(parseObjectKey(refusedKey)?.type).toBe("refusedLetter");
    expect(await objectStore.get(refusedKey, never)).toEqual(noLetter);
  });

  it("that is not readable is put aside when there is no block", async () => {
    await put([{ key: letterKey, bytes: noLetter }]);
    expect(await recover()).toEqual(PUT_ASIDE);
  });

  it("is put aside when its block is refused, and does not hold up others", async () => {
    const other = blockObject(otherId);
    const otherLetter = { key: deadLetterKey(other.meta), bytes: encodeBlockMeta(other.meta) };
    await put([segment, other, { key: letterKey, bytes: goodLetter }, otherLetter]);
    const refusals = [{ block: id, reason: "for a reason" }];
    const { statuses, ...outcome } = await recover(refusals);
    expect(outcome).toEqual({ registered: [otherId], letters: [refusedKey], logged: ["error"] });
    expect(new Set(statuses)).toEqual(new Set(["refused", "registered"]));
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
