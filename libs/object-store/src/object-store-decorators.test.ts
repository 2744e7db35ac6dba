import { describe, expect, it } from "@jest/globals";
import { DeadlineExceededError, UnavailableError } from "@hearth/errors";
import { systemClock, type Clock } from "@hearth/runtime";
import { MetricRegistry } from "@hearth/telemetry";

import { FaultyObjectStore, type Fault } from "./faulty-object-store.ts";
import { InstrumentedObjectStore, objectStoreMetrics } from "./instrumented-object-store.ts";
import { MemoryObjectStore } from "./memory-object-store.ts";
import { ObjectNotFoundError } from "./object-store.ts";

const { signal } = new AbortController();

describe("FaultyObjectStore", () => {
  function faulty(fault: Fault, clock: Clock = systemClock) {
    const inner = new MemoryObjectStore({ clock });
    return { inner, store: new FaultyObjectStore(inner, { clock, plan: () => fault }) };
  }

  it("fails without doing anything", async () => {
    const error = new UnavailableError("down");
    const { inner, store } = faulty({ error });
    await expect(store.put("k", Uint8Array.of(1), {}, signal)).rejects.toBe(error);
    await expect(inner.head("k", signal)).rejects.toThrow(ObjectNotFoundError);
  });

  it("does it, and loses the reply", async () => {
    const { inner, store } = faulty({ replyIsLost: true });
    await expect(store.put("k", Uint8Array.of(1), {}, signal)).rejects.toThrow(UnavailableError);
    expect([...(await inner.get("k", signal))]).toEqual([1]);
  });

  it("cuts what is read", async () => {
    const { store } = faulty({ cutToBytes: 2 });
    await store.put("k", Uint8Array.of(1, 2, 3, 4), {}, signal);
    expect([...(await store.get("k", signal))]).toEqual([1, 2]);
    expect([...(await store.getRange("k", { offset: 1, length: 3 }, signal))]).toEqual([2, 3]);
  });

  it("waits by the clock that it was given, until the caller gives up", async () => {
    const slept: number[] = [];
    const clock: Clock = { ...systemClock, sleep: async (ms) => void slept.push(ms) };
    const { store } = faulty({ delayMs: 700 }, clock);
    await store.put("k", Uint8Array.of(1), {}, signal);
    expect(slept).toEqual([700]);
  });
});

describe("InstrumentedObjectStore", () => {
  it("counts operations and failures, and does not blame the bucket for what is not in it", async () => {
    const registry = new MetricRegistry();
    const faults: Fault[] = [
      {},
      { error: new UnavailableError("down") },
      {},
      { error: new DeadlineExceededError("slow") },
    ];
    const clock = systemClock;
    const inner = new FaultyObjectStore(new MemoryObjectStore({ clock }), {
      clock,
      plan: ({ index }) => faults[index] ?? {},
    });
    const store = new InstrumentedObjectStore(inner, {
      bucket: "test",
      metrics: objectStoreMetrics(registry),
      clock,
    });

    await store.put("k", Uint8Array.of(1), {}, signal);
    await expect(store.put("k", Uint8Array.of(1), {}, signal)).rejects.toThrow(UnavailableError);
    await expect(store.get("missing", signal)).rejects.toThrow(ObjectNotFoundError);
    await expect(store.get("k", signal)).rejects.toThrow(DeadlineExceededError);
    for await (const entry of store.list("", {}, signal)) expect(entry).toMatchObject({ key: "k" });

    const { body } = await registry.expose();
    const counters = body
      .split("\n")
      .filter((line) => /^objstore_bucket_operation(s_total|_failures|.*_count)/u.test(line));
    expect(counters.sort()).toEqual([
      'objstore_bucket_operation_duration_seconds_count{bucket="test",operation="iter"} 1',
      'objstore_bucket_operation_duration_seconds_count{bucket="test",operation="upload"} 1',
      'objstore_bucket_operation_failures_total{bucket="test",operation="get"} 1',
      'objstore_bucket_operation_failures_total{bucket="test",operation="upload"} 1',
      'objstore_bucket_operations_total{bucket="test",operation="get"} 2',
      'objstore_bucket_operations_total{bucket="test",operation="iter"} 1',
      'objstore_bucket_operations_total{bucket="test",operation="upload"} 2',
    ]);
  });
});
