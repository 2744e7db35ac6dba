/** The whole service: over its RPC, with real segments from real worker threads. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createClient, type Client } from "@connectrpc/connect";
import { readBlockMeta } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { Code, InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { MemoryObjectStore, SEGMENTS_PREFIX } from "@hearth/object-store";
import { encodeProfileColumns } from "@hearth/profile";
import { SegmentWriterService as SegmentWriterRpc } from "@hearth/proto/hearth/segmentwriter/v1";
import { inProcessTransport } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { buildProfileColumns } from "@hearth/testing";

import { SegmentWriterService, segmentWriterSettings } from "../src/index.ts";
import { FakeIndex } from "./support/fakes.ts";

const { signal } = new AbortController();

function columns(id: number): Uint8Array {
  const labels = { __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds", service_name: "api" };
  return encodeProfileColumns(
    buildProfileColumns([{ labels, timeMs: 1_700_000_000_000, id, samples: [["main;work", 5n]] }]),
  );
}

describe("SegmentWriterService", () => {
  let service: SegmentWriterService;
  let client: Client<typeof SegmentWriterRpc>;
  let bucket: MemoryObjectStore;
  let index: FakeIndex;

  beforeEach(async () => {
    bucket = new MemoryObjectStore({ clock: systemClock });
    index = new FakeIndex(systemClock);
    // What is pushed together must be in one segment, also where the first push has its code to compile.
    const settings = { ...defaultsOf(segmentWriterSettings), buildThreads: 1, lingerMs: 500 };
    service = new SegmentWriterService(settings, {
      objectStore: bucket,
      index,
      clock: systemClock,
      random: systemRandom,
      registry: new MetricRegistry(),
      logger: memoryLogger().logger,
    });
    await service.start();
    client = createClient(SegmentWriterRpc, inProcessTransport(service.services, []));
  });
  afterEach(() => service[Symbol.asyncDispose]());

  async function storedSegments() {
    const metas = [];
    for await (const entry of bucket.list(SEGMENTS_PREFIX, {}, signal)) {
      const key = entry.type === "object" ? entry.key : "";
      metas.push(readBlockMeta(await bucket.get(key, signal)));
    }
    return metas;
  }

  it("stores what can be read, once, and says what cannot", async () => {
    const push = (tenant: string, bytes: Uint8Array) =>
      client.push({ tenant, shard: 2, batches: [{ serviceName: "api", columns: bytes }] });
    const kept = columns(1);
    const [first, again, other, broken] = await Promise.all([
      push("acme", kept),
      push("acme", columns(1)),
      push("acme", columns(2)),
      push("evil", columns(3).subarray(0, 50)),
    ]);
    expect([first.failures, again.failures, other.failures]).toEqual([[], [], []]);
    expect(broken.failures).toMatchObject([{ batch: 0, code: Code.InvalidArgument }]);
    // A push from this process gives its columns away: they moved to the thread that built the segment.
    expect(kept.length).toBe(0);

    const [segment, ...others] = await storedSegments();
    expect(others).toEqual([]);
    expect(segment).toMatchObject({
      shard: 2,
      level: 0,
      datasets: [{ tenant: "acme", service: "api", profileCount: 2 }],
    });
    expect([...index.registered]).toEqual([segment?.id]);
    expect(index.calls[0]?.blocks[0]).toMatchObject({
      id: segment?.id,
      sizeBytes: BigInt(segment?.sizeBytes ?? 0),
    });
  });

  it.each([
    { name: "no tenant", request: { tenant: "" } },
    { name: "a tenant that is not allowed", request: { tenant: "a/b" } },
    { name: "no shard", request: { shard: 0 } },
    { name: "no batches", request: { batches: [] } },
  ])("refuses a push with $name", async ({ request }) => {
    const good = { tenant: "acme", shard: 1, batches: [{ serviceName: "api", columns: columns(1) }] };
    await expect(client.push({ ...good, ...request })).rejects.toThrow(InvalidArgumentError);
  });

  it("answers what it took when it is closed, and refuses what comes later", async () => {
    const request = { tenant: "acme", shard: 1, batches: [{ serviceName: "api", columns: columns(1) }] };
    const taken = client.push(request);
    await new Promise(setImmediate);
    await service[Symbol.asyncDispose]();
    expect((await taken).failures).toEqual([]);
    expect(await storedSegments()).toHaveLength(1);
    await expect(client.push(request)).rejects.toThrow(UnavailableError);
  });
});
