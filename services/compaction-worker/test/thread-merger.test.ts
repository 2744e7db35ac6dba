import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { buildSegment, decodeBlockMeta, readBlockMeta, TIERS, type BlockMeta } from "@hearth/block";
import { blockObjectKey, FilesystemObjectStore } from "@hearth/object-store";
import { encodeProfileColumns } from "@hearth/profile";
import { seededRandom, systemClock, UlidFactory } from "@hearth/runtime";
import { buildProfileColumns } from "@hearth/testing";

import type { CompactionJob } from "../src/jobs/job.ts";
import type { Merged, MergedOutput } from "../src/merge/merger.ts";
import { TempFolder } from "../src/merge/temp-folder.ts";
import { ThreadMerger } from "../src/merge/thread-merger.ts";
import { compaction } from "./support/jobs.ts";

const { signal } = new AbortController();

describe("ThreadMerger", () => {
  const deps = { clock: systemClock, random: seededRandom(3) };
  const ulids = new UlidFactory(deps);
  let folder: string;
  let store: FilesystemObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "hearth-merger-test-"));
    store = new FilesystemObjectStore({ dir: folder }, deps);
    await store.start(signal);
  });
  afterEach(() => rm(folder, { recursive: true }));

  function merger(maxBytesPerSecond: number): ThreadMerger {
    const settings = { maxThreads: 1, storageDir: folder, maxBytesPerSecond, niceness: 10 };
    return new ThreadMerger(settings, new TempFolder(folder, deps));
  }

  /** Of two segments with a row each. */
  async function job(): Promise<CompactionJob> {
    const sources = await Promise.all(
      [1, 2].map(async (id) => {
        const labels = {
          __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
          service_name: "api",
        };
        const row = { labels, timeMs: 1000, id, samples: [["main", 5n]] as [string, bigint][] };
        const batches = [encodeProfileColumns(buildProfileColumns([row]))];
        const datasets = [{ tenant: "acme", service: "api", batches }];
        const segment = buildSegment({ id: ulids.next(), shard: 1, createdBy: "", datasets });
        const meta = decodeBlockMeta(segment.meta);
        await store.put(blockObjectKey(meta), segment.bytes, {}, signal);
        return meta;
      }),
    );
    return compaction({ job: 1, token: 1 }, { sources });
  }

  it("hands out what the thread made", async () => {
    await using merging = merger(0);
    const rows = await merging.merge(
      await job(),
      async (merged) =>
        merged.type === "merged"
          ? merged.outputs.map(({ content }) =>
              content.type === "memory" ? readBlockMeta(content.bytes).datasets[0]?.profileCount : undefined,
            )
          : merged,
      signal,
    );
    expect(rows).toEqual([2]);
  });

  it("sums rows into a tier when the job says so", async () => {
    await using merging = merger(0);
    const level1 = await merging.merge(await job(), (merged) => storeOne(store, merged), signal);
    const summing = compaction(
      { job: 2, token: 1 },
      { level: 1, sources: [level1], outputLevel: TIERS.at(-1)!.level },
    );
    const counts = await merging.merge(
      summing,
      async (merged) =>
        merged.type === "merged"
          ? { levels: merged.outputs.map(({ meta }) => meta.level), summedRows: merged.summedRows }
          : merged,
      signal,
    );
    expect(counts).toEqual({ levels: [6], summedRows: 1 });
  });

  it("stops when it is told to, and its thread with it", async () => {
    // After the first read the next one would be its turn in minutes.
    await using merging = merger(1);
    const stop = new AbortController();
    const merged = merging.merge(await job(), async () => "never", stop.signal);
    const reason = new Error("the lease is lost");
    stop.abort(reason);
    await expect(merged).rejects.toBe(reason);
  });
});

/** Stores the one output. */
async function storeOne(store: FilesystemObjectStore, merged: Merged): Promise<BlockMeta> {
  if (merged.type !== "merged") throw new Error(`not merged: ${merged.type}`);
  const [{ meta, content }] = merged.outputs as [MergedOutput];
  if (content.type !== "memory") throw new Error("in a file");
  await store.put(blockObjectKey(meta), content.bytes, {}, signal);
  return meta;
}
