import { describe, expect, it } from "@jest/globals";
import { encodeBlockMeta } from "@hearth/block";
import { deadLetterKey, MemoryObjectStore, ObjectNotFoundError } from "@hearth/object-store";
import { seededRandom, systemClock } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { OBJECT_GONE, type BlockRegistry } from "../../src/block-registry.ts";
import { GIVEN_UP } from "../../src/compaction/compaction.ts";
import { recoverDeadLetters } from "../../src/dead-letters/recover-dead-letters.ts";
import { metastoreMetrics } from "../../src/metrics.ts";
import { block, START_MS, ulidAt } from "../support/blocks.ts";

const { signal } = new AbortController();
const meta = block(ulidAt(START_MS, seededRandom(1)));
const key = deadLetterKey(meta);

describe("a dead letter whose block", () => {
  it.each([
    { name: "is registered", refusal: undefined, status: "registered", stays: false, levels: [] },
    { name: "was compacted and deleted", refusal: OBJECT_GONE, status: "gone", stays: false, levels: [] },
    {
      name: "was given up before the letter came",
      refusal: GIVEN_UP,
      status: "given_up",
      stays: false,
      levels: ["error"],
    },
    {
      name: "is not valid",
      refusal: "the shard is out of range",
      status: "invalid",
      stays: true,
      levels: ["warn"],
    },
  ])("$name: it stays: $stays", async ({ refusal, status, stays, levels }) => {
    const objectStore = new MemoryObjectStore({ clock: systemClock });
    await objectStore.put(key, encodeBlockMeta(meta), {}, signal);
    const metricRegistry = new MetricRegistry();
    const { logger, events } = memoryLogger();
    const register: BlockRegistry["register"] = async () =>
      refusal === undefined ? [] : [{ block: meta.id, reason: refusal }];
    const metrics = metastoreMetrics(metricRegistry);
    const registry = { register } as BlockRegistry;
    await recoverDeadLetters({ objectStore, registry, metrics, logger }, signal);
    const found = await objectStore.head(key, signal).catch((error: unknown) => error);
    expect(found instanceof ObjectNotFoundError).toBe(!stays);
    expect(events.map(({ level }) => level)).toEqual(levels);
    const { body: text } = await metricRegistry.expose();
    expect(text).toContain(`metastore_dlq_recovery_attempts_total{status="${status}"} 1`);
  });
});
