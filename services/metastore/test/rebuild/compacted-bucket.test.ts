import { beforeEach, describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import { UnavailableError } from "@hearth/errors";
import { FaultyObjectStore, MemoryObjectStore } from "@hearth/object-store";
import { PollJobsRequestSchema, type JobReport } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { encodePollJobs, STATE_VERSION } from "../../src/index-state/command-codec.ts";
import type { Refusal } from "../../src/rebuild/judge-object.ts";
import type { RebuildCounts } from "../../src/rebuild/progress.ts";
import { defaultRebuildSettings, rebuildIndex, type RebuildDeps } from "../../src/rebuild/rebuild-index.ts";
import { HastyClock } from "../raft-transport/support/manual-clock.ts";
import { blockObject, putObjects, type BlockObject } from "../support/block-objects.ts";
import { dataset, START_MS, ulidAt } from "../support/blocks.ts";
import { dumpIndex } from "../support/dump-index.ts";
import { mergedBlocks } from "../support/merged-blocks.ts";
import { RegisteringState } from "../support/registering-state.ts";

const { signal } = new AbortController();
const SOURCES = 4;
const settings = {
  ...defaultCompactionSettings,
  levels: defaultCompactionSettings.levels.map((level) => ({ ...level, maxBlocks: SOURCES })),
};

/** A bucket, and a metastore and a worker that compact what is in it. */
class CompactedBucket {
  readonly clock = new HastyClock();
  readonly store = new MemoryObjectStore({ clock: this.clock });
  readonly written = new RegisteringState();
  readonly #objects = new Map<string, BlockObject>();
  readonly #random = seededRandom(3);
  #segmentCount = 0;

  async storeSegments(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const timeMs = START_MS + ++this.#segmentCount * 1_000;
      const tenants = ["acme", "other", "third"].slice(n % 2);
      const datasets = tenants.map((tenant, at) =>
        dataset({ tenant, offset: 400 * at, minTimeMs: timeMs - 500, maxTimeMs: timeMs }),
      );
      const object = await this.#put(
        blockObject(ulidAt(timeMs, this.#random), { shard: 1 + (n % 2), datasets }),
      );
      this.written.add([blockMetaToWire(object.meta)], new Uint8Array());
    }
  }

  /** Does every job that there is, and deletes nothing. */
  async compact(): Promise<void> {
    for (let reports: JobReport[] = []; ;) {
      const jobs = this.#poll(reports);
      if (jobs.length === 0) return;
      reports = await Promise.all(jobs.map((claim) => this.#work(claim)));
    }
  }

  /** What a worker stores that ends before it is through. */
  async storeOutputs(sources: readonly BlockMeta[], count: number): Promise<BlockObject[]> {
    const outputs = mergedBlocks(sources, this.#random).slice(0, count);
    return Promise.all(outputs.map((meta) => this.#put(blockObject(meta.id, meta))));
  }

  get registered(): BlockMeta[] {
    return Array.from(this.written.state.index.places(), ({ id }) => this.#objects.get(id)!.meta);
  }

  /** Objects that were replaced, the oldest first. */
  get replaced(): BlockObject[] {
    const there = [...this.#objects.values()];
    return there.filter(({ meta }) => this.written.state.compaction.tombstones.has(meta.id));
  }

  async delete(objects: readonly BlockObject[]): Promise<void> {
    for (const { key } of objects) await this.store.delete(key, signal);
  }

  async #put(object: BlockObject): Promise<BlockObject> {
    await putObjects(this.store, [object]);
    this.#objects.set(object.meta.id, object);
    return object;
  }

  async #work(claim: { job: number; token: number }): Promise<JobReport> {
    const job = this.written.state.compaction.jobs.get(claim.job)!;
    const sources = job.blocks.map((id) => this.#objects.get(id)!.meta);
    const outputs = await this.storeOutputs(sources, Infinity);
    const value = {
      outputs: outputs.map(({ meta }) => blockMetaToWire(meta)),
      repeatedRows: 0n,
      deletedRows: [],
      summedRows: 0n,
    };
    return {
      $typeName: "hearth.metastore.v1.JobReport",
      claim: {
        $typeName: "hearth.metastore.v1.JobClaim",
        job: BigInt(claim.job),
        token: BigInt(claim.token),
      },
      outcome: { case: "compacted", value: { $typeName: "hearth.metastore.v1.JobCompacted", ...value } },
    };
  }

  #poll(reports: JobReport[]): readonly { job: number; token: number }[] {
    const request = create(PollJobsRequestSchema, {
      worker: "w1",
      jobCapacity: 100,
      byteCapacity: 1n << 40n,
      reports,
    });
    const stampNanos = BigInt(START_MS) * 1_000_000n;
    const envelope = { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
    const result = this.written.state.apply(encodePollJobs(request, settings, envelope));
    if (result.type !== "jobs-polled" || result.refusals.length > 0) throw new Error(JSON.stringify(result));
    return result.assigned;
  }
}

interface Rebuilt {
  readonly index: RegisteringState;
  readonly counts: RebuildCounts;
  readonly refusals: readonly Refusal[];
  readonly doubtful: readonly string[];
}

async function rebuilt(
  bucket: CompactedBucket,
  objectStore: RebuildDeps["objectStore"] = bucket.store,
): Promise<Rebuilt> {
  const index = new RegisteringState();
  const refusals: Refusal[] = [];
  const doubtful: string[] = [];
  const observer = {
    onRefusal: (refusal: Refusal) => void refusals.push(refusal),
    onDoubt: (key: string) => void doubtful.push(key),
    onProgress() {},
  };
  const deps = { objectStore, index, clock: bucket.clock, random: seededRandom(7), observer };
  const { counts } = await rebuildIndex(deps, { ...defaultRebuildSettings, maxBatchBlocks: 7 }, signal);
  return { index, counts, refusals, doubtful };
}

describe("an index that is rebuilt from a bucket with compacted blocks", () => {
  let bucket: CompactedBucket;
  beforeEach(async () => {
    bucket = new CompactedBucket();
    // Per shard: level 2 for each tenant, some of level 1, and three segments.
    await bucket.storeSegments(2 * (SOURCES * (SOURCES + 1) + 3));
    await bucket.compact();
  });

  async function expectSameIndex(): Promise<Rebuilt> {
    const run = await rebuilt(bucket);
    expect(dumpIndex(run.index.state.index)).toEqual(dumpIndex(bucket.written.state.index));
    expect(run).toMatchObject({ refusals: [], doubtful: [] });
    return run;
  }

  it("is the one that was lost, entry by entry, while everything that was replaced is still there", async () => {
    expect(new Set(bucket.registered.map(({ level }) => level))).toEqual(new Set([0, 1, 2]));
    const { counts } = await expectSameIndex();
    expect(counts.superseded).toBe(bucket.replaced.length);
    expect(counts.registered + counts.superseded).toBe(counts.listed);
  });

  it("also when part of it is deleted, the oldest first", async () => {
    const { replaced } = bucket;
    for (const share of [0.3, 0.6, 1]) {
      await bucket.delete(replaced.slice(0, Math.floor(replaced.length * share)));
      await expectSameIndex();
    }
  });

  it("also when a worker ended between two outputs of a job", async () => {
    const segments = bucket.registered.filter(({ level, shard }) => level === 0 && shard === 1);
    await bucket.storeOutputs(segments, 2);
    const { counts } = await expectSameIndex();
    expect(counts.orphaned).toBe(2);
  });

  it("has outputs of a job that did not end when one of its sources cannot be read", async () => {
    const segments = bucket.registered.filter(({ level, shard }) => level === 0 && shard === 1);
    const [output] = await bucket.storeOutputs(segments, 1);
    const lost = segments[1]!;
    const objectStore = new FaultyObjectStore(bucket.store, {
      clock: bucket.clock,
      plan: ({ key }) => (key?.includes(lost.id) ? { error: new UnavailableError("no answer") } : {}),
    });
    const { index, counts, refusals, doubtful } = await rebuilt(bucket, objectStore);
    expect(refusals).toMatchObject([{ kind: "unreadable" }]);
    expect(index.state.index.get(output!.meta.id)).toBeDefined();
    expect(counts).toMatchObject({ orphaned: 0, doubtful: segments.length - 1 });
    expect(doubtful).toHaveLength(segments.length - 1);
  });

  it("is the same when it was stopped anywhere and is rebuilt again", async () => {
    const { index, counts } = await rebuilt(bucket);
    for (let stopAt = 0; stopAt < counts.registered; stopAt += 7) {
      const stop = new AbortController();
      const objectStore = new FaultyObjectStore(bucket.store, {
        clock: bucket.clock,
        plan: ({ index: operation }) => {
          if (operation === stopAt) stop.abort(new Error("interrupted"));
          return {};
        },
      });
      const again = new RegisteringState();
      const observer = { onRefusal() {}, onDoubt() {}, onProgress() {} };
      const deps = { index: again, clock: bucket.clock, random: seededRandom(7), observer };
      const stopped = await rebuildIndex({ ...deps, objectStore }, defaultRebuildSettings, stop.signal);
      expect(stopped.outcome).toBe("stopped");
      await rebuildIndex({ ...deps, objectStore: bucket.store }, defaultRebuildSettings, signal);
      expect(dumpIndex(again.state.index)).toEqual(dumpIndex(index.state.index));
    }
  });
});
