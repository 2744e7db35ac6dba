import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry } from "@hearth/telemetry";

import {
  FaultyObjectStore,
  FilesystemObjectStore,
  InstrumentedObjectStore,
  MemoryObjectStore,
  objectStoreMetrics,
} from "../src/index.ts";
import { describeObjectStore } from "./object-store-contract.ts";

const clock = systemClock;
const { signal } = new AbortController();

describeObjectStore("MemoryObjectStore", async () => ({
  store: new MemoryObjectStore({ clock }),
  close: async () => {},
}));

describeObjectStore("FilesystemObjectStore", async () => {
  const dir = await mkdtemp(join(tmpdir(), "hearth-objects-"));
  const store = new FilesystemObjectStore({ dir: join(dir, "bucket") }, { clock, random: systemRandom });
  await store.start(signal);
  const close = async (): Promise<void> => {
    await store[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  };
  return { store, close };
});

describeObjectStore("FaultyObjectStore without faults", async () => ({
  store: new FaultyObjectStore(new MemoryObjectStore({ clock }), { clock, plan: () => ({}) }),
  close: async () => {},
}));

describeObjectStore("InstrumentedObjectStore", async () => {
  const metrics = objectStoreMetrics(new MetricRegistry());
  const store = new InstrumentedObjectStore(new MemoryObjectStore({ clock }), {
    bucket: "b",
    metrics,
    clock,
  });
  return { store, close: async () => {} };
});
