import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type Transport } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { blockMetaFromWire, encodeBlockMeta } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { deadLetterKey, MemoryObjectStore } from "@hearth/object-store";
import {
  CompactionAdminService,
  CompactionService,
  IndexService,
  MatchType,
  MetadataQueryService,
  TenantService,
} from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { seededRandom, systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { Metastore, metastoreSettings, type MetastoreSettings } from "../src/index.ts";
import {
  clockOfBlocks,
  block,
  CPU,
  dataset,
  labelsOf,
  MEMORY,
  START_MS,
  ulidAt,
  wireBlock,
} from "./support/blocks.ts";

const random = seededRandom(1);
const ids = Array.from({ length: 4 }, (_, i) => ulidAt(START_MS + i, random));
const [first = "", second = ""] = ids;
const never = new AbortController().signal;
const everything = { startTimeMs: 0n, endTimeMs: BigInt(START_MS * 2) };

let directory: string;
let objectStore: MemoryObjectStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "metastore-"));
  objectStore = new MemoryObjectStore({ clock: systemClock });
});
afterEach(() => rm(directory, { recursive: true }));

async function startMetastore(
  settings: Partial<MetastoreSettings> = {},
  registry = new MetricRegistry(),
): Promise<Metastore> {
  const metastore = new Metastore(
    {
      ...defaultsOf(metastoreSettings),
      raftDir: join(directory, "raft"),
      snapshotsDir: join(directory, "raft"),
      ...settings,
    },
    {
      objectStore,
      clock: clockOfBlocks,
      random: systemRandom,
      registry,
      requestMetrics: requestMetrics(new MetricRegistry()),
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

function transportOf(metastore: Metastore): Transport {
  return inProcessTransport(metastore.services, []);
}

describe("a metastore of one node", () => {
  it("leads at once, and answers what was registered", async () => {
    await using metastore = await startMetastore();
    expect(metastore.readinessProblem()).toBeUndefined();
    const index = createClient(IndexService, transportOf(metastore));
    const added = await index.addBlocks({ blocks: [wireBlock(first)], requestId: new Uint8Array(16) });
    expect(added.refusals).toEqual([]);
    const { blocks } = await index.getBlocks({ ids: [first, second] });
    expect(blocks.map(blockMetaFromWire)).toEqual([block(first)]);
  });

  it("counts what it applies by the command", async () => {
    const registry = new MetricRegistry();
    await using metastore = await startMetastore({}, registry);
    const transport = transportOf(metastore);
    await createClient(IndexService, transport).addBlocks({ blocks: [wireBlock(first)] });
    const held = [{ job: 1n, token: 1n }];
    await createClient(CompactionService, transport).pollJobs({ worker: "w", held });
    const { body: text } = await registry.expose();
    for (const command of ["add_blocks", "poll_jobs"]) {
      expect(text).toContain(`fsm_apply_command_duration_seconds_count{command="${command}"} 1`);
    }
  });

  it("reports on compaction, and releases what was put aside", async () => {
    await using metastore = await startMetastore();
    const transport = transportOf(metastore);
    const admin = createClient(CompactionAdminService, transport);
    await createClient(IndexService, transport).addBlocks({ blocks: [wireBlock(first)] });
    expect(await admin.getCompactionReport({})).toMatchObject({
      levels: [{ level: 0, blockCount: 1, waitingBlockCount: 1, oldestWaitingMs: 0n }],
      jobCount: 0,
      tenants: [{ tenant: "acme", blockCount: 1, retentionMs: 0n, expiryBeginsMs: 0n }],
      tenantCount: 1,
    });
    expect(await admin.releaseBlocks({})).toMatchObject({ releasedCount: 0 });
    await expect(admin.releaseBlocks({ blocks: ["no-id"] })).rejects.toThrow(
      "blocks: not the id of a block: no-id",
    );
  });

  it("names the blocks that it refuses, and registers the others", async () => {
    await using metastore = await startMetastore();
    const index = createClient(IndexService, transportOf(metastore));
    const blocks = [wireBlock(first), wireBlock("not-a-ulid"), wireBlock(second, { shard: 0 })];
    const { refusals } = await index.addBlocks({ blocks });
    expect(refusals.map(({ block, reason }) => ({ block, reason }))).toEqual([
      { block: "not-a-ulid", reason: "the id is not a ulid" },
      { block: second, reason: "the shard is out of range" },
    ]);
    expect((await index.getBlocks({ ids })).blocks.map(({ id }) => id)).toEqual([first]);
  });

  it("answers queries by tenant, time and matchers", async () => {
    await using metastore = await startMetastore();
    const datasets = [
      dataset({ service: "shop", labelSets: [labelsOf("shop", CPU), labelsOf("shop", MEMORY)] }),
      dataset({ service: "cart", offset: 400 }),
      dataset({ tenant: "other", offset: 800 }),
    ];
    const transport = transportOf(metastore);
    await createClient(IndexService, transport).addBlocks({ blocks: [wireBlock(first, { datasets })] });
    const query = createClient(MetadataQueryService, transport);
    const matchers = [{ name: "__profile_type__", value: "memory.*", type: MatchType.REGEX }];
    const { blocks } = await query.queryMetadata({ tenants: ["acme"], ...everything, matchers });
    expect(blocks.map(blockMetaFromWire)).toEqual([
      block(first, { datasets: [dataset({ labelSets: [labelsOf("shop", MEMORY)] })] }),
    ]);
    expect(blocks[0]?.stringTable).not.toContain("cart");
    const labels = await query.queryMetadataLabels({
      tenants: ["acme"],
      ...everything,
      labelNames: ["service_name"],
    });
    expect(labels.labelSets.map(({ labels }) => labels.map(({ value }) => value))).toEqual([
      ["cart"],
      ["shop"],
    ]);
  });

  it("knows the tenants and what they store", async () => {
    await using metastore = await startMetastore();
    const transport = transportOf(metastore);
    const datasets = [dataset(), dataset({ tenant: "other", offset: 400, sizeBytes: 800 })];
    await createClient(IndexService, transport).addBlocks({ blocks: [wireBlock(first, { datasets })] });
    const tenants = createClient(TenantService, transport);
    expect((await tenants.getTenants({})).tenants).toEqual(["acme", "other"]);
    expect(await tenants.getTenant({ tenant: "other" })).toMatchObject({
      dataIngested: true,
      oldestProfileTimeMs: BigInt(START_MS),
      newestProfileTimeMs: BigInt(START_MS + 1_000),
      sizeBytes: 800n,
      blockCount: 1n,
    });
    expect(await tenants.getTenant({ tenant: "nobody" })).toMatchObject({
      dataIngested: false,
      blockCount: 0n,
    });
  });

  it("finds everything again after a restart", async () => {
    {
      await using metastore = await startMetastore();
      await createClient(IndexService, transportOf(metastore)).addBlocks({ blocks: [wireBlock(first)] });
    }
    await using again = await startMetastore();
    const { blocks } = await createClient(IndexService, transportOf(again)).getBlocks({ ids: [first] });
    expect(blocks.map(blockMetaFromWire)).toEqual([block(first)]);
  });

  it("refuses files of a node of another name: up, not ready, and it says why", async () => {
    await (await startMetastore())[Symbol.asyncDispose]();
    await using metastore = await startMetastore({ serverId: "another" });
    expect(metastore.readinessProblem()).toContain("IDENTITY_DIFFERS");
    const index = createClient(IndexService, transportOf(metastore));
    await expect(index.addBlocks({ blocks: [wireBlock(first)] })).rejects.toThrow("IDENTITY_DIFFERS");
  });

  it("registers what it finds in the dead-letter queue, and removes it there", async () => {
    const key = deadLetterKey(block(first));
    await objectStore.put(key, encodeBlockMeta(block(first)), {}, never);
    const removed = new Promise<void>((resolve) => {
      const remove = objectStore.delete.bind(objectStore);
      objectStore.delete = async (...args) => {
        await remove(...args);
        resolve();
      };
    });
    await using metastore = await startMetastore();
    await removed;
    const { blocks } = await createClient(IndexService, transportOf(metastore)).getBlocks({ ids });
    expect(blocks.map(({ id }) => id)).toEqual([first]);
    await expect(objectStore.head(key, never)).rejects.toThrow("not found");
  });

  it("looks an old block up in the bucket, unless its object has just been read", async () => {
    await using metastore = await startMetastore();
    const index = createClient(IndexService, transportOf(metastore));
    const blocks = [wireBlock(ulidAt(START_MS - 2 * 3_600_000, random))];
    expect((await index.addBlocks({ blocks })).refusals).toMatchObject([
      { reason: expect.stringMatching(/^there is no such object/u) },
    ]);
    expect((await index.addBlocks({ blocks, objectsWereRead: true })).refusals).toEqual([]);
    expect((await index.getBlocks({ ids: blocks.map(({ id }) => id) })).blocks).toHaveLength(1);
  });
});
