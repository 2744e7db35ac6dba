import { create } from "@bufbuild/protobuf";
import { afterAll, describe, expect, it } from "@jest/globals";
import { blockMetaToWire, BlockWriter, MemoryPartSink } from "@hearth/block";
import { InvokeRequestSchema, type InvokeRequest } from "@hearth/proto/hearth/query/v1";
import { ProfileMerger } from "@hearth/profile";
import { noopLogger } from "@hearth/telemetry";
import { buildProfileColumns } from "@hearth/testing";
import { QueryWorkers } from "./query-workers.ts";

const never = new AbortController().signal;

/** About a block that is not in the bucket. */
function request(endTimeMs: bigint): InvokeRequest {
  const merger = new ProfileMerger();
  const labels = { service_name: "shop" };
  merger.add(buildProfileColumns([{ labels, timeMs: 1, id: 1, samples: [["main", 1n]] }]));
  const identity = { tenant: "", shard: 1, level: 0, createdBy: "test" };
  const writer = new BlockWriter(identity, new MemoryPartSink());
  writer.addDataset("acme", "shop", merger.build());
  return create(InvokeRequestSchema, {
    tenants: ["acme"],
    startTimeMs: 1n,
    endTimeMs,
    blocks: [blockMetaToWire(writer.finish("01J2VJQPYDC160REPAD2VN88XN"))],
    queries: [{ query: { case: "labelNames", value: {} } }],
  });
}

describe("a query thread", () => {
  const settings = { storageDir: "/nowhere", cacheBytes: 1 << 20, readAhead: 1, threads: 1 };
  const workers = new QueryWorkers(settings, noopLogger);
  afterAll(() => workers[Symbol.asyncDispose]());

  it("is told again of datasets in a request that could not be written", async () => {
    await expect(workers.invoke(request(2n ** 63n), 0, never)).rejects.toThrow("cannot encode field");
    await expect(workers.invoke(request(10n), 0, never)).rejects.toThrow("object not found");
  });
});
