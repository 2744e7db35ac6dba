/** The whole service: real segments in a folder, merged in real worker threads. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { buildSegment, decodeBlockMeta, readBlockMeta, type BlockMeta } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { blockObjectKey, FilesystemObjectStore } from "@hearth/object-store";
import { encodeProfileColumns } from "@hearth/profile";
import { systemClock, systemRandom, UlidFactory } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { buildProfileColumns } from "@hearth/testing";

import { CompactionWorkerService, compactionWorkerSettings } from "../src/index.ts";
import { FakeMetastore } from "./support/fake-metastore.ts";

const { signal } = new AbortController();
const deps = { clock: systemClock, random: systemRandom };

/** Encoded columns with one row. */
function columns(service: string, id: number): Uint8Array {
  const labels = { __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds", service_name: service };
  return encodeProfileColumns(
    buildProfileColumns([{ labels, timeMs: 1_700_000_000_000 + id, id, samples: [["main;work", 5n]] }]),
  );
}

describe("CompactionWorkerService", () => {
  const ulids = new UlidFactory(deps);
  let folder: string;
  let store: FilesystemObjectStore;
  let metastore: FakeMetastore;
  let events: ReturnType<typeof memoryLogger>["events"];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hearth-compaction-test-"));
    store = new FilesystemObjectStore({ dir: join(folder, "bucket") }, deps);
    await store.start(signal);
    metastore = new FakeMetastore(systemClock);
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function startService(): Promise<CompactionWorkerService> {
    const { logger, events: logged } = memoryLogger();
    events = logged;
    const defaults = defaultsOf(compactionWorkerSettings);
    const settings = { ...defaults, startDelayMs: 0, jobConcurrency: 1, tempDir: folder };
    const service = new CompactionWorkerService(settings, {
      ...deps,
      objectStore: store,
      storageDir: join(folder, "bucket"),
      jobs: metastore,
      registry: new MetricRegistry(),
      logger,
      isShared: true,
      onFatal: (problem) => events.push({ level: "error", component: "", message: problem, fields: {} }),
    });
    await service.start();
    return service;
  }

  /** Of two tenants, with a row of its own, and one that all segments have. */
  async function storeSegment(index: number): Promise<BlockMeta> {
    const dataset = (tenant: string, service: string, ids: readonly number[]) => ({
      tenant,
      service,
      batches: ids.map((id) => columns(service, id)),
    });
    const datasets = [dataset("acme", "api", [100, index]), dataset("evil", "web", [100])];
    const segment = buildSegment({ id: ulids.next(), shard: 3, createdBy: "test", datasets });
    const meta = decodeBlockMeta(segment.meta);
    await store.put(blockObjectKey(meta), segment.bytes, {}, signal);
    metastore.register(meta);
    return meta;
  }

  function problems() {
    return events.filter(({ level }) => level !== "debug");
  }

  it("merges segments into a block for each tenant, and deletes them", async () => {
    const segments = [await storeSegment(1), await storeSegment(2), await storeSegment(3)];
    const deleted = metastore.whenTaken("deleted");
    const service = await startService();
    await deleted;
    await service[Symbol.asyncDispose]();

    const blocks = [...metastore.index.values()];
    expect(
      blocks.map(({ tenant, level, shard, datasets }) => [tenant, level, shard, datasets[0]?.profileCount]),
    ).toEqual([
      ["acme", 1, 3, 4],
      ["evil", 1, 3, 1],
    ]);
    for (const block of blocks) {
      const stored = readBlockMeta(await store.get(blockObjectKey(block), signal));
      const origin = { sources: segments.map(({ id }) => id), outputCount: 2 };
      expect(stored).toEqual({ ...block, origin });
    }
    const kept = segments.map((segment) => store.head(blockObjectKey(segment), signal));
    expect((await Promise.allSettled(kept)).map(({ status }) => status)).toEqual([
      "rejected",
      "rejected",
      "rejected",
    ]);
    expect(problems()).toEqual([]);
    expect(await readdir(folder)).toEqual(["bucket"]);
  });

  it("says which segments are missing or damaged", async () => {
    const [missing, damaged, whole] = [await storeSegment(1), await storeSegment(2), await storeSegment(3)];
    await store.delete(blockObjectKey(missing), signal);
    const bytes = await store.get(blockObjectKey(damaged), signal);
    await store.put(blockObjectKey(damaged), bytes.fill(0, 100, 200), {}, signal);
    const failed = metastore.whenTaken("failed");
    await using _ = await startService();
    await failed;
    expect(metastore.quarantined).toEqual(new Set([missing.id, damaged.id]));
    expect(metastore.index.has(whole.id)).toBe(true);
  });

  it("ends at once when it is closed in the middle of a merge that it cannot finish", async () => {
    await storeSegment(1);
    await storeSegment(2);
    const service = await startService();
    await service[Symbol.asyncDispose]();
    expect(metastore.taken.every(({ outcome }) => outcome.case !== "failed")).toBe(true);
    expect(problems()).toEqual([]);
  });
});
