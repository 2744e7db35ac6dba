import { beforeEach, describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import { InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { FaultyObjectStore, MemoryObjectStore, type Fault, type ObjectOperation } from "@hearth/object-store";
import { AddBlocksResponseSchema } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import type { Refusal } from "../../src/rebuild/judge-object.ts";
import type { RebuildSummary } from "../../src/rebuild/progress.ts";
import { defaultRebuildSettings, rebuildIndex, type RebuildDeps } from "../../src/rebuild/rebuild-index.ts";
import { HastyClock } from "../raft-transport/support/manual-clock.ts";
import { blockObject, objectBytes, putObjects, type BlockObject } from "../support/block-objects.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";
import { population, RegisteringState, registeredByWriters } from "../support/registering-state.ts";
import { dumpIndex } from "../support/dump-index.ts";

const { signal: never } = new AbortController();
const settings = { ...defaultRebuildSettings, maxBatchBlocks: 7 };

let bucket: MemoryObjectStore;
let clock: HastyClock;
beforeEach(() => {
  clock = new HastyClock();
  bucket = new MemoryObjectStore({ clock });
});

interface Run {
  readonly summary: RebuildSummary;
  readonly refusals: Refusal[];
  /** Keys. */
  readonly doubtful: string[];
}

async function run(
  index: RebuildDeps["index"],
  options: { objectStore?: RebuildDeps["objectStore"]; signal?: AbortSignal } = {},
): Promise<Run> {
  const { objectStore = bucket, signal = never } = options;
  const refusals: Refusal[] = [];
  const doubtful: string[] = [];
  const observer = {
    onRefusal: (refusal: Refusal) => void refusals.push(refusal),
    onDoubt: (key: string) => void doubtful.push(key),
    onProgress() {},
  };
  const deps = { objectStore, index, clock, random: seededRandom(7), observer };
  return { summary: await rebuildIndex(deps, settings, signal), refusals, doubtful };
}

function faulty(plan: (operation: ObjectOperation) => Fault): FaultyObjectStore {
  return new FaultyObjectStore(bucket, { clock, plan });
}

describe("an index that is rebuilt", () => {
  it("is that of those who wrote the blocks, entry by entry", async () => {
    const objects = population(60, seededRandom(1));
    await putObjects(bucket, objects);
    const index = new RegisteringState();
    const { summary, refusals } = await run(index);
    expect(refusals).toEqual([]);
    expect(summary).toMatchObject({
      outcome: "complete",
      counts: { listed: 60, isListed: true, read: 60, registered: 60, gone: 0 },
    });
    expect(dumpIndex(index.state.index)).toEqual(dumpIndex(registeredByWriters(objects).index));
  });

  it("is registered in batches within the limits, each with an id of its own", async () => {
    await putObjects(bucket, population(20, seededRandom(1)));
    const index = new RegisteringState();
    await run(index);
    expect(index.calls.map(({ blocks }) => blocks.length)).toEqual([7, 7, 6]);
    expect(new Set(index.calls.map(({ requestId }) => Buffer.from(requestId).toString("hex"))).size).toBe(3);
  });

  it("has nothing of an empty bucket", async () => {
    const index = new RegisteringState();
    const { summary } = await run(index);
    expect(summary).toMatchObject({ outcome: "complete", counts: { listed: 0, isListed: true } });
    expect(index.calls).toEqual([]);
  });

  it("is the same after a second run, and after one beside what is registered already", async () => {
    const objects = population(30, seededRandom(2));
    await putObjects(bucket, objects);
    const index = new RegisteringState();
    index.add(
      objects.slice(10, 20).map(({ meta }) => blockMetaToWire(meta)),
      new Uint8Array(),
    );
    await run(index);
    const { summary } = await run(index);
    expect(summary.counts.registered).toBe(30);
    expect(dumpIndex(index.state.index)).toEqual(dumpIndex(registeredByWriters(objects).index));
  });

  it("is the same when a run is stopped anywhere and begun anew", async () => {
    const objects = population(30, seededRandom(3));
    await putObjects(bucket, objects);
    const want = dumpIndex(registeredByWriters(objects).index);
    // Two listings, and each block above level 0 is read twice.
    const operations = 2 + 30 + objects.filter(({ meta }) => meta.level > 0).length;
    for (let stopAt = 0; stopAt <= operations; stopAt += 3) {
      const index = new RegisteringState();
      const stop = new AbortController();
      const objectStore = faulty(({ index: operation }) => {
        if (operation === stopAt) stop.abort(new Error("interrupted"));
        return {};
      });
      const { summary } = await run(index, { objectStore, signal: stop.signal });
      expect(summary.outcome).toBe(stopAt < operations ? "stopped" : "complete");
      expect(index.state.index.blockCount).toBeLessThanOrEqual(30);
      await run(index);
      expect(dumpIndex(index.state.index)).toEqual(want);
    }
  });
});

describe("an object that is no block in its place", () => {
  const random = seededRandom(4);
  const [good, damaged, cut, moved, lying] = Array.from({ length: 5 }, (_, i) =>
    blockObject(ulidAt(START_MS + i, random)),
  ) as [BlockObject, BlockObject, BlockObject, BlockObject, BlockObject];
  const damagedBytes = damaged.bytes.slice();
  damagedBytes[damagedBytes.length - 50]! ^= 4;
  const movedKey = moved.key.replace("segments/1/", "segments/2/");
  const invalidId = ulidAt(START_MS + 9, random);
  const invalidMeta = block(invalidId, { datasets: [dataset({ tenant: "a/b" })] });

  it.each([
    {
      name: "damaged",
      object: { key: damaged.key, bytes: damagedBytes },
      want: { kind: "damaged", reason: "block: metadata is damaged" },
    },
    {
      name: "cut off",
      object: { key: cut.key, bytes: cut.bytes.slice(0, -1) },
      want: { kind: "damaged", reason: "block: not a block: the trailer is missing" },
    },
    {
      name: "empty",
      object: { key: cut.key, bytes: new Uint8Array() },
      want: { kind: "damaged", reason: "block: too short for a block: size_bytes=0" },
    },
    {
      name: "misplaced",
      object: { key: movedKey, bytes: moved.bytes },
      want: { kind: "misplaced", reason: "it is of the shard 1" },
    },
    {
      name: "foreign",
      object: { key: "blocks/1/acme/notes.txt", bytes: new Uint8Array(9) },
      want: { kind: "foreign", reason: "the key is not that of a block" },
    },
    {
      name: "of another size than it says",
      object: { key: lying.key, bytes: objectBytes({ ...lying.meta, sizeBytes: 7 }) },
      want: { kind: "damaged", reason: expect.stringMatching(/bytes, its metadata says 7$/) },
    },
    {
      name: "invalid",
      object: { key: `segments/1/anonymous/${invalidId}/block.bin`, bytes: sizedObject(invalidMeta) },
      want: { kind: "invalid", reason: "dataset 0: the tenant is invalid" },
    },
  ])("is named and left out when it is $name", async ({ object, want }) => {
    await putObjects(bucket, [object, good]);
    const index = new RegisteringState();
    const { summary, refusals } = await run(index);
    expect(refusals).toEqual([{ key: object.key, ...want }]);
    expect(summary.counts.registered).toBe(1);
    expect([...summary.counts.refused]).toEqual([[want.kind, 1]]);
    expect(index.state.index.get(good.meta.id)).toEqual(good.meta);
    expect(index.state.index.blockCount).toBe(1);
  });

  it("is named when the metastore refuses it, and the others of its batch are registered", async () => {
    await putObjects(bucket, [good, moved]);
    const index = new RegisteringState();
    const refusing: RebuildDeps["index"] = {
      async addBlocks(request) {
        const blocks = request.blocks.filter(({ id }) => id !== moved.meta.id);
        await index.addBlocks({ ...request, blocks });
        const refusals = [{ block: moved.meta.id, reason: "too new" }];
        return create(AddBlocksResponseSchema, { refusals });
      },
    };
    const { summary, refusals } = await run(refusing);
    expect(refusals).toEqual([{ key: moved.key, kind: "refused", reason: "too new" }]);
    expect(summary.counts.registered).toBe(1);
  });
});

describe("a bucket or a metastore that fails", () => {
  it("is asked again, and the listing goes on where it broke off", async () => {
    const objects = population(20, seededRandom(5));
    await putObjects(bucket, objects);
    const index = new RegisteringState();
    const objectStore = faulty(({ index: operation }) =>
      operation % 3 === 0 ? { error: new UnavailableError("no answer") } : {},
    );
    const { summary, refusals } = await run(index, { objectStore });
    expect(refusals).toEqual([]);
    expect(summary.counts).toMatchObject({ listed: 20, registered: 20 });
  });

  it("goes on after the last key when a listing breaks off in the middle", async () => {
    const objects = population(20, seededRandom(5));
    await putObjects(bucket, objects);
    const starts: (string | undefined)[] = [];
    const objectStore: RebuildDeps["objectStore"] = {
      getRange: (...args) => bucket.getRange(...args),
      async *list(prefix, options, signal) {
        starts.push(options.startAfter);
        let left = 4;
        for await (const entry of bucket.list(prefix, options, signal)) {
          if (left-- === 0) throw new UnavailableError("connection lost");
          yield entry;
        }
      },
    };
    const index = new RegisteringState();
    const { summary } = await run(index, { objectStore });
    expect(summary.counts).toMatchObject({ listed: 20, registered: 20 });
    expect(starts.length).toBeGreaterThan(4);
    expect(dumpIndex(index.state.index)).toEqual(dumpIndex(registeredByWriters(objects).index));
  });

  it("leaves out one object that the bucket never gives out, and names it", async () => {
    const objects = population(5, seededRandom(5));
    await putObjects(bucket, objects);
    const { key } = objects[2]!;
    const objectStore = faulty((operation) =>
      operation.key === key ? { error: new UnavailableError("no answer") } : {},
    );
    const { summary, refusals } = await run(new RegisteringState(), { objectStore });
    expect(refusals).toEqual([{ key, kind: "unreadable", reason: "no answer" }]);
    expect(summary.counts.registered).toBe(4);
  });

  it("counts objects that are removed meanwhile, and does not complain", async () => {
    const objects = population(5, seededRandom(5));
    await putObjects(bucket, objects);
    const objectStore = faulty(({ name, key }) => {
      if (name === "getRange" && key === objects[2]!.key) void bucket.delete(key, never);
      return {};
    });
    const { summary, refusals } = await run(new RegisteringState(), { objectStore });
    expect(refusals).toEqual([]);
    expect(summary.counts).toMatchObject({ listed: 5, registered: 4, gone: 1 });
  });

  it("is sent the same request again when the outcome is unknown", async () => {
    await putObjects(bucket, population(5, seededRandom(6)));
    const index = new RegisteringState();
    index.failure = (call) =>
      call < 3 ? { error: new UnavailableError("lost"), replyIsLost: call === 1 } : {};
    const { summary } = await run(index);
    expect(index.calls).toHaveLength(4);
    expect(new Set(index.calls).size).toBe(1);
    expect(summary.counts.registered).toBe(5);
  });

  it.each([
    {
      name: "a metastore that is away for minutes",
      error: new UnavailableError("no leader"),
      callCount: 120,
    },
    { name: "a request that cannot succeed", error: new InvalidArgumentError("too large"), callCount: 1 },
  ])("ends the run: $name", async ({ error, callCount }) => {
    await putObjects(bucket, population(5, seededRandom(6)));
    const index = new RegisteringState();
    index.failure = () => ({ error });
    await expect(run(index)).rejects.toBe(error);
    expect(index.calls).toHaveLength(callCount);
  });
});

function sizedObject(meta: BlockMeta): Uint8Array {
  const bytes = objectBytes(meta);
  return bytes.length === meta.sizeBytes ? bytes : sizedObject({ ...meta, sizeBytes: bytes.length });
}
