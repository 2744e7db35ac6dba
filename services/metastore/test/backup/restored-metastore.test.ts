import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { blockMetaFromWire, blockMetaToWire } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { openLevelStore } from "@hearth/kv-store";
import { MemoryObjectStore } from "@hearth/object-store";
import { IndexService } from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { seededRandom, systemClock, systemRandom } from "@hearth/runtime";
import { memoryLogger, MetricRegistry, noopLogger } from "@hearth/telemetry";
import { backupObserver } from "../../src/backup/backup-observer.ts";
import { importAtStart } from "../../src/backup/import-at-start.ts";
import { SnapshotBackup } from "../../src/backup/snapshot-backup.ts";
import { openDirectory } from "../../src/disk/directory.ts";
import { encodeAddBlocks, encodeNoteOrphans, STATE_VERSION } from "../../src/index-state/command-codec.ts";
import { Metastore, metastoreSettings, type MetastoreSettings } from "../../src/index.ts";
import { MetastoreStateMachine } from "../../src/metastore-state-machine.ts";
import { metastoreMetrics } from "../../src/metrics.ts";
import { SnapshotStore } from "../../src/replicated-log/snapshot-store.ts";
import { clockOfBlocks, block, START_MS, ulidAt } from "../support/blocks.ts";
import { snapshotHeader, writeSnapshotTo } from "../support/snapshots.ts";

const { signal } = new AbortController();
const random = seededRandom(1);
const ids = Array.from({ length: 20 }, (_, i) => ulidAt(START_MS + i, random));
const blocks = ids.map((id) => block(id));

let folder: string;
let bucket: MemoryObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "restore-"));
  bucket = new MemoryObjectStore({ clock: systemClock });
});
afterEach(() => rm(folder, { recursive: true }));

async function snapshotsIn(path: string): Promise<SnapshotStore> {
  return new SnapshotStore({ directory: await openDirectory(path), clock: systemClock });
}

/** A snapshot of a metastore that knows the blocks, as a leader of three nodes leaves it in its folder and in the bucket. */
async function backUp(registry: MetricRegistry): Promise<string> {
  const machine = new MetastoreStateMachine();
  const envelope = { version: 1, stampNanos: 1n, requestId: new Uint8Array(16) };
  machine.apply(encodeAddBlocks(blocks.map(blockMetaToWire), envelope));
  const snapshots = await snapshotsIn(join(folder, "original"));
  await writeSnapshotTo(snapshots, snapshotHeader({ index: 30 }), machine.capture());
  const observer = backupObserver({
    metrics: metastoreMetrics(registry),
    logger: noopLogger,
    clock: systemClock,
  });
  const deps = { objectStore: bucket, snapshots, clock: systemClock, observer };
  const outcome = await new SnapshotBackup(deps, { retain: 3, timeoutMs: 10_000 }).backUp(signal);
  expect(outcome.type).toBe("stored");
  return (outcome as { key: string }).key;
}

function settingsOf(dir: string) {
  return { ...defaultsOf(metastoreSettings), raftDir: dir, snapshotsDir: dir };
}

async function importInto(dir: string, from: { snapshotsImportDir?: string; snapshotsImportKey?: string }) {
  const { serverId } = settingsOf(dir);
  const { logger, events } = memoryLogger();
  const deps = {
    objectStore: bucket,
    logger,
    directory: await openDirectory(dir),
    openKv: () => openLevelStore(join(dir, "log")),
    snapshots: await snapshotsIn(join(dir, "snapshots")),
    stateMachine: new MetastoreStateMachine(),
  };
  const cluster = { clusterName: "metastore", nodeName: serverId, initialPeers: [serverId] };
  const settings = { ...cluster, snapshotsImportDir: "", snapshotsImportKey: "", ...from };
  await importAtStart(deps, settings, signal);
  return events.map(({ message }) => message);
}

function metastoreAt(dir: string, registry: MetricRegistry, settings: Partial<MetastoreSettings> = {}) {
  return new Metastore(
    { ...settingsOf(dir), ...settings },
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
}

async function blocksOf(dir: string) {
  await using metastore = metastoreAt(dir, new MetricRegistry());
  await metastore.start();
  expect(metastore.readinessProblem()).toBeUndefined();
  const index = createClient(IndexService, inProcessTransport(metastore.services, []));
  const added = await index.addBlocks({ blocks: [blockMetaToWire(block(ulidAt(START_MS + 99, random)))] });
  expect(added.refusals).toEqual([]);
  return (await index.getBlocks({ ids })).blocks.map(blockMetaFromWire);
}

describe("a metastore that begins with the copy of another", () => {
  it("knows its blocks, and takes more: from the bucket", async () => {
    const registry = new MetricRegistry();
    const key = await backUp(registry);
    const dir = join(folder, "restored");
    expect(await importInto(dir, { snapshotsImportKey: key })).toEqual(["snapshot is imported"]);
    expect(await blocksOf(dir)).toEqual(blocks);
    expect(await registry.expose()).toMatchObject({
      body: expect.stringContaining('metastore_backup_snapshots_total{status="stored"} 1'),
    });
  });

  it("knows its blocks: from a folder, and also when the setting stays after it", async () => {
    await backUp(new MetricRegistry());
    const dir = join(folder, "restored");
    const from = { snapshotsImportDir: join(folder, "original") };
    await importInto(dir, from);
    expect(await blocksOf(dir)).toEqual(blocks);
    expect(await importInto(dir, from)).toEqual(["snapshot was imported before: leave the setting out"]);
    expect(await blocksOf(dir)).toEqual(blocks);
  });

  it("does not go on with the orphans of the other: what it lost of that one's end is none", async () => {
    const machine = new MetastoreStateMachine();
    const [orphan, other] = blocks as [(typeof blocks)[number], (typeof blocks)[number]];
    const stampNanos = BigInt(START_MS) * 1_000_000n;
    const envelope = { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
    const notes = { sweepBeganMs: 0, isLast: true, graceMs: 1, includesOld: true };
    machine.apply(encodeNoteOrphans({ ...notes, objects: [orphan, other] }, envelope));
    expect(machine.state.compaction.orphans.count).toBe(2);
    const original = join(folder, "watched", "snapshots");
    await writeSnapshotTo(await snapshotsIn(original), snapshotHeader({ index: 30 }), machine.capture());
    const dir = join(folder, "restored");
    const registry = new MetricRegistry();
    await using metastore = metastoreAt(dir, registry, { snapshotsImportDir: original });
    await metastore.start();
    const { body } = await registry.expose();
    expect(body).toMatch(/^pyroscope_metastore_index_orphan_candidates 0$/mu);
  });

  it("is begun empty when no setting names a copy", async () => {
    const dir = join(folder, "restored");
    expect(await importInto(dir, {})).toEqual([]);
    expect(await blocksOf(dir)).toEqual([]);
  });
});
