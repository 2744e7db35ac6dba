import { create } from "@bufbuild/protobuf";
import { Arena } from "@hearth/arena";
import { createClient, type Client } from "@connectrpc/connect";
import { buildSegment } from "@hearth/block";
import { defaultsOf } from "@hearth/config";
import { MemoryObjectStore } from "@hearth/object-store";
import { encodeProfileColumns } from "@hearth/profile";
import { AddBlocksResponseSchema } from "@hearth/proto/hearth/metastore/v1";
import {
  PushRequestSchema,
  SegmentWriterService as SegmentWriterRpc,
} from "@hearth/proto/hearth/segmentwriter/v1";
import { inProcessTransport } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";
import { buildProfileColumns, type RowSketch } from "@hearth/testing";
import { bench, group } from "mitata";

import { planFlush } from "../services/segment-writer/src/flush/plan-flush.ts";
import { SegmentWriterService, segmentWriterSettings } from "../services/segment-writer/src/index.ts";
import { movableDatasets } from "../services/segment-writer/src/segment/segment-builder.ts";

const SAMPLES = 500;
const PUSHES = 50;

/** From pushed columns to acknowledged segments; bucket and metastore cost nothing here. */
export function register(): void {
  const batches = Array.from({ length: PUSHES }, (_, index) => profile(index));
  const datasets = [{ tenant: "anonymous", service: "orders", batches }];
  const megabytes = batches.reduce((sum, { length }) => sum + length, 0) / 1e6;
  const client = startWriter();
  const arena = new Arena();

  group(
    `segment writer, ${PUSHES} profiles of ${SAMPLES} samples, ${megabytes.toFixed(1)} MB of columns`,
    () => {
      bench("plan a flush", () => planFlush(busyShard, 10_100, flushSettings));
      bench("prepare for the worker", () => movableDatasets(datasets));
      bench("build, in this thread", () => buildSegment({ ...segment, datasets }, arena));
      bench("push all at once, until the last answer", async () => {
        // A batch is given away: it moves to the thread.
        await Promise.all(batches.map((columns) => client.push(request(columns.slice()))));
      });
    },
  );
}

const flushSettings = { segmentDurationMs: 500, lingerMs: 10, maxSegmentBytes: 8 << 20 };
const busyShard = {
  openedAtMs: 10_000,
  bufferedBytes: 1,
  lastClosedAtMs: 9_999,
  isBuilding: false,
  isDraining: false,
};
const segment = { id: "01J2VJQPYDC160REPAD2VN88XN", shard: 1, createdBy: "writer-0" };

function request(columns: Uint8Array) {
  return create(PushRequestSchema, {
    tenant: "anonymous",
    shard: 1,
    batches: [{ serviceName: "orders", columns }],
  });
}

/** A segment duration of 1 ms, so that the shard never waits for its turn. */
function startWriter(): Client<typeof SegmentWriterRpc> {
  const settings = { ...defaultsOf(segmentWriterSettings), segmentDurationMs: 1, lingerMs: 1 };
  const service = new SegmentWriterService(settings, {
    objectStore: new MemoryObjectStore({ clock: systemClock }),
    index: { addBlocks: async () => create(AddBlocksResponseSchema) },
    clock: systemClock,
    random: systemRandom,
    registry: new MetricRegistry(),
    logger: noopLogger,
  });
  return createClient(SegmentWriterRpc, inProcessTransport(service.services, []));
}

/** Stacks of 12 frames, most of them shared between profiles. */
function profile(index: number): Uint8Array {
  const samples = Array.from({ length: SAMPLES }, (_, sample) => stackOf(index, sample));
  const row: RowSketch = {
    labels: { service_name: "orders", __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds" },
    timeMs: 1_790_000_000_000 + index,
    id: index,
    samples: samples.map((stack, sample) => [stack, BigInt(sample + 1)]),
  };
  return encodeProfileColumns(buildProfileColumns([row]));
}

function stackOf(profileIndex: number, sample: number): string {
  const frames = Array.from(
    { length: 11 },
    (_, depth) => `github.com/acme/orders.handler${(sample >> (10 - depth)) % 97}`,
  );
  return [...frames, `github.com/acme/orders.leaf${(sample * 7 + profileIndex) % 900}`].join(";");
}
