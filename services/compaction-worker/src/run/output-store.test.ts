import { describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import {
  blockObjectKey,
  FaultyObjectStore,
  MemoryObjectStore,
  type Fault,
  type ObjectOperation,
} from "@hearth/object-store";
import { seededRandom } from "@hearth/runtime";
import { ManualClock } from "@hearth/testing";

import { textBlock } from "../../test/support/text-blocks.ts";
import type { MergedOutput } from "../merge/merger.ts";
import { RateLimit } from "../rate-limit.ts";
import { OutputStore } from "./output-store.ts";

const { signal } = new AbortController();
const outputs = ["acme", "evil"].map((tenant): MergedOutput => {
  const id = `01J2VJQPYDC160REPAD2VN88X${tenant === "acme" ? "A" : "B"}`;
  const { meta, bytes } = textBlock({ id, tenant, shard: 1, level: 1 }, [`${tenant}/1`]);
  return { meta, content: { type: "memory", bytes } };
});

function makeStore(plan: (operation: ObjectOperation) => Fault, bytesPerSecond = 0) {
  const clock = new ManualClock();
  const bucket = new MemoryObjectStore({ clock });
  const objectStore = new FaultyObjectStore(bucket, { clock, plan });
  const writeLimit = new RateLimit(bytesPerSecond, clock);
  const store = new OutputStore({ objectStore, writeLimit, clock, random: seededRandom(1) });
  return { clock, bucket, store };
}

describe("OutputStore", () => {
  it("stores all outputs, trying again what fails for a while", async () => {
    const { bucket, clock, store } = makeStore(({ index }) =>
      index < 4 ? { error: new UnavailableError("not now") } : {},
    );
    await Promise.all([store.store(outputs, signal), clock.advance(20_000)]);
    for (const { meta } of outputs) await bucket.head(blockObjectKey(meta), signal);
  });

  it("gives up with the first output that cannot be stored", async () => {
    const { clock, store } = makeStore(({ key }) =>
      key.includes("acme") ? { error: new UnavailableError("never") } : { delayMs: Infinity },
    );
    const storing = store.store(outputs, signal).catch((error: unknown) => String(error));
    await clock.advance(60_000);
    expect(await storing).toBe("UnavailableError: never");
    expect(clock.sleeperCount).toBe(0);
  });

  it("writes no faster than it may", async () => {
    const { bucket, clock, store } = makeStore(() => ({}), 1);
    const storing = store.store(outputs, signal);
    await clock.advance(9_000);
    const second = blockObjectKey(outputs[1]!.meta);
    await expect(bucket.head(second, signal)).rejects.toThrow("not found");
    await clock.advance(1_000);
    await storing;
    await bucket.head(second, signal);
  });
});
