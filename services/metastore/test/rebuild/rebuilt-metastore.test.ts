import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Transport } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { blockMetaFromWire, blockMetaToWire } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { MemoryObjectStore } from "@hearth/object-store";
import { IndexService, MetadataQueryService, TenantService } from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { seededRandom, systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { defaultRebuildSettings, Metastore, metastoreSettings, rebuildIndex } from "../../src/index.ts";
import { blockObject, putObjects, type BlockObject } from "../support/block-objects.ts";
import { clockOfBlocks, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const TENANTS = ["acme", "other"];
const { signal } = new AbortController();

let directory: string;
let bucket: MemoryObjectStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rebuild-"));
  bucket = new MemoryObjectStore({ clock: systemClock });
});
afterEach(() => rm(directory, { recursive: true }));

async function startMetastore(folder: string): Promise<Metastore> {
  const dir = join(directory, folder);
  const registry = new MetricRegistry();
  const metastore = new Metastore(
    { ...defaultsOf(metastoreSettings), raftDir: dir, snapshotsDir: dir },
    {
      objectStore: bucket,
      clock: clockOfBlocks,
      random: systemRandom,
      registry,
      requestMetrics: requestMetrics(registry),
      logger: noopLogger,
      retentionMsOf: () => 0,
      tierAgesOf: () => ({}),
      onFatal: (problem) => {
        throw new Error(problem);
      },
    },
  );
  await metastore.start();
  return metastore;
}

function population(): BlockObject[] {
  const random = seededRandom(1);
  return Array.from({ length: 200 }, (_, at) => {
    const id = ulidAt(START_MS + at * 600_000, random);
    const shard = 1 + (at % 5);
    if (at % 5 === 4) return blockObject(id, { shard, tenant: "acme", level: 1 });
    const datasets = TENANTS.map((tenant, i) => dataset({ tenant, offset: i * 400 }));
    return blockObject(id, { shard, datasets: datasets.slice(at % 2) });
  });
}

/** All that a metastore answers, but for the time of the last registration. */
async function answersOf(transport: Transport, ids: readonly string[]) {
  const query = { tenants: TENANTS, startTimeMs: 0n, endTimeMs: BigInt(START_MS * 2) };
  const { blocks } = await createClient(IndexService, transport).getBlocks({ ids: [...ids] });
  const metadata = createClient(MetadataQueryService, transport);
  const tenants = createClient(TenantService, transport);
  const found = await metadata.queryMetadata(query);
  return {
    blocks: blocks.map(blockMetaFromWire),
    found: found.blocks.map(blockMetaFromWire),
    labels: (await metadata.queryMetadataLabels(query)).labelSets,
    tenants: (await tenants.getTenants({})).tenants,
    stats: await Promise.all(
      TENANTS.map(async (tenant) => ({ ...(await tenants.getTenant({ tenant })), lastIngestTimeMs: 0n })),
    ),
  };
}

describe("a metastore whose index is rebuilt from the bucket", () => {
  it("answers as the one that was told of each block when it was written", async () => {
    const objects = population();
    const ids = objects.map(({ meta }) => meta.id);
    await putObjects(bucket, objects);
    await using written = await startMetastore("written");
    const writers = inProcessTransport(written.services, []);
    for (const { meta } of objects.toReversed()) {
      await createClient(IndexService, writers).addBlocks({ blocks: [blockMetaToWire(meta)] });
    }
    await using rebuilt = await startMetastore("rebuilt");
    const transport = inProcessTransport(rebuilt.services, []);
    const index = createClient(IndexService, transport);
    await rebuildIndex(
      {
        objectStore: bucket,
        index: { addBlocks: (request, signal) => index.addBlocks(request, { signal }) },
        clock: systemClock,
        random: systemRandom,
        observer: { onRefusal() {}, onDoubt() {}, onProgress() {} },
      },
      defaultRebuildSettings,
      signal,
    );
    const answers = await answersOf(transport, ids);
    expect(answers.blocks).toHaveLength(200);
    expect(answers.found).toHaveLength(200);
    expect(answers).toEqual(await answersOf(writers, ids));
  });
});
