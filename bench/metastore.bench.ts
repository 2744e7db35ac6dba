import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient, type Client } from "@connectrpc/connect";
import { blockMetaToWire, type BlockMeta, type DatasetMeta, type SectionKind } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { openLevelStore } from "@hearth/kv-store";
import type { Labels } from "@hearth/labels";
import { Metastore, metastoreSettings } from "@hearth/metastore";
import { MemoryObjectStore } from "@hearth/object-store";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { IndexService, MatchType, MetadataQueryService } from "@hearth/proto/hearth/metastore/v1";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { seededRandom, systemClock, systemRandom, UlidFactory, type Clock } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { bench, group } from "mitata";

import { openDirectory } from "../services/metastore/src/disk/directory.ts";
import { encodeAddBlocks, REQUEST_ID_BYTES } from "../services/metastore/src/index-state/command-codec.ts";
import { MetastoreState } from "../services/metastore/src/index-state/metastore-state.ts";
import { noNetwork, RaftReplicatedLog } from "../services/metastore/src/raft-node/raft-replicated-log.ts";
import { SnapshotStore } from "../services/metastore/src/replicated-log/snapshot-store.ts";

const { signal } = new AbortController();
const BLOCKS = 100_000;
const DAYS = 7;
const DAY_MS = 86_400_000;
const START_MS = 1_767_225_600_000;
const TENANTS = 50;
const BATCH = 500;
const KINDS: readonly SectionKind[] = ["series", "profiles", "names", "tree", "samples", "symbols"];
const TYPES = [
  "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  "memory:inuse_space:bytes:space:bytes",
  "memory:alloc_objects:count:space:bytes",
];

/** Registering blocks on a real disk, and asking an index of 100,000 segments of three datasets over seven days. */
export async function register(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "hearth-bench-metastore-"));
  process.once("exit", () => rmSync(dir, { recursive: true }));
  const written = await startMetastore(join(dir, "written"));
  const queried = await startMetastore(join(dir, "queried"));
  await fill(queried.index);

  const segments = Array.from({ length: 30_000 }, (_, n) => segmentAt(START_MS + n * 500));
  let used = 0;
  const nextSegment = (): WireBlockMeta => segments[used++ % segments.length]!;
  group("metastore, one node: register a block each, all durable", () => {
    for (const clients of [1, 16, 256]) {
      bench(`${clients} at once`, () =>
        Promise.all(
          Array.from({ length: clients }, () => written.index.addBlocks({ blocks: [nextSegment()] })),
        ));
    }
  });

  const log = await startLog(join(dir, "log"));
  const command = new Uint8Array(512);
  group("log of one node: 512 bytes each, all durable", () => {
    for (const clients of [1, 16, 256]) {
      bench(`${clients} at once`, () =>
        Promise.all(Array.from({ length: clients }, () => log.propose(command, signal))));
    }
  });

  const state = new MetastoreState();
  const commands = segments.map((segment, n) =>
    encodeAddBlocks([segment], {
      version: 1,
      stampNanos: BigInt(n),
      requestId: random.fill(new Uint8Array(REQUEST_ID_BYTES)),
    }),
  );
  let applied = 0;
  group("metastore, state machine", () => {
    bench("apply a segment of 3 datasets", () => state.apply(commands[applied++ % commands.length]!));
    bench("digest of the state", () => state.digest());
  });

  const day = { startTimeMs: BigInt(START_MS + 3 * DAY_MS), endTimeMs: BigInt(START_MS + 4 * DAY_MS) };
  const tenants = ["tenant-3"];
  const service = { name: "service_name", value: "service-3", type: MatchType.EQUAL };
  group("metastore, 100,000 blocks: one tenant, 24 hours", () => {
    bench("all services, about 280 blocks", () => queried.query.queryMetadata({ tenants, ...day }));
    bench("one service, about 40 blocks", () =>
      queried.query.queryMetadata({ tenants, ...day, matchers: [service] }));
    bench("label sets", () => queried.query.queryMetadataLabels({ tenants, ...day }));
  });
}

/** Its sleepers never wake: they would keep the process from ending. */
const sleepless: Clock = { ...systemClock, sleep: () => new Promise(() => {}) };

interface Running {
  readonly index: Client<typeof IndexService>;
  readonly query: Client<typeof MetadataQueryService>;
}

/** Has every object: blocks of long ago are looked up before they are registered. */
class EveryObjectStore extends MemoryObjectStore {
  override async head(): Promise<{ sizeBytes: number; modifiedUnixMs: number }> {
    return { sizeBytes: 1, modifiedUnixMs: 0 };
  }
}

async function startMetastore(dir: string): Promise<Running> {
  const settings = {
    ...defaultsOf(metastoreSettings),
    raftDir: dir,
    snapshotsDir: dir,
    deadLetterIntervalMs: 0,
  };
  const metastore = new Metastore(settings, {
    objectStore: new EveryObjectStore({ clock: systemClock }),
    clock: sleepless,
    random: systemRandom,
    registry: new MetricRegistry(),
    requestMetrics: requestMetrics(new MetricRegistry()),
    logger: noopLogger,
    retentionMsOf: () => 0,
    tierAgesOf: () => ({}),
    onFatal: (problem) => {
      throw new Error(problem);
    },
  });
  await metastore.start();
  const transport = inProcessTransport(metastore.services, []);
  return {
    index: createClient(IndexService, transport),
    query: createClient(MetadataQueryService, transport),
  };
}

/** The log alone, with a state machine that does nothing. */
async function startLog(dir: string): Promise<RaftReplicatedLog<number>> {
  const log = new RaftReplicatedLog(
    {
      directory: await openDirectory(dir),
      openKv: () => openLevelStore(join(dir, "log")),
      snapshots: new SnapshotStore({
        directory: await openDirectory(join(dir, "snapshots")),
        clock: systemClock,
      }),
      stateMachine: {
        apply: () => ({ type: "applied", result: 0 }),
        digest: () => "",
        capture: () => [],
        restore: () => ({ add() {}, finish() {} }),
      },
      clock: systemClock,
      random: systemRandom,
      network: noNetwork,
      observer: { onProblem() {}, onWrite() {}, onApply() {}, onSnapshot() {} },
    },
    {
      clusterName: "bench",
      nodeName: "node",
      initialPeers: ["node"],
      trailingEntries: 0,
      retainedSnapshots: 1,
      snapshotCompression: "none",
      snapshotBytesPerSecond: Infinity,
    },
  );
  await log.start();
  return log;
}

async function fill(index: Running["index"]): Promise<void> {
  for (let from = 0; from < BLOCKS; from += BATCH) {
    const times = Array.from({ length: BATCH }, (_, n) => START_MS + ((from + n) * DAYS * DAY_MS) / BLOCKS);
    await index.addBlocks({ blocks: times.map((timeMs) => segmentAt(Math.floor(timeMs))) });
  }
}

const random = seededRandom(1);

function segmentAt(timeMs: number): WireBlockMeta {
  const clock = { ...systemClock, nowMs: () => timeMs };
  const tenant = `tenant-${Math.floor(random.next() * TENANTS)}`;
  const datasets = Array.from({ length: 3 }, (_, n) => datasetAt(timeMs, tenant, n * KINDS.length * 4_096));
  const block: BlockMeta = {
    formatVersion: 1,
    id: new UlidFactory({ clock, random }).next(),
    tenant: "",
    shard: 1 + Math.floor(random.next() * 16),
    level: 0,
    minTimeMs: timeMs - 1_000,
    maxTimeMs: timeMs,
    createdBy: "segment-writer-0",
    sizeBytes: 100_000,
    datasets,
  };
  return blockMetaToWire(block);
}

function datasetAt(timeMs: number, tenant: string, offset: number): DatasetMeta {
  const service = `service-${Math.floor(random.next() * 20)}`;
  return {
    tenant,
    service,
    minTimeMs: timeMs - 500,
    maxTimeMs: timeMs,
    offset,
    sizeBytes: KINDS.length * 4_096,
    sections: KINDS.map((kind, n) => ({
      kind,
      offset: offset + n * 4_096,
      sizeBytes: 4_000,
      rawSizeBytes: 9_000,
      crc: Math.floor(random.next() * 2 ** 32),
      codec: "zstd",
    })),
    labelSets: TYPES.map((type) => labelsOf(service, type)),
    seriesCount: 4,
    profileCount: 100,
    sampleCount: 5_000,
  };
}

function labelsOf(service: string, profileType: string): Labels {
  const [name = "", type = "", unit = "", periodType = "", periodUnit = ""] = profileType.split(":");
  return [
    { name: "__name__", value: name },
    { name: "__period_type__", value: periodType },
    { name: "__period_unit__", value: periodUnit },
    { name: "__profile_type__", value: profileType },
    { name: "__type__", value: type },
    { name: "__unit__", value: unit },
    { name: "service_name", value: service },
  ];
}
