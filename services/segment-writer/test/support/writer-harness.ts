import { defaultsOf } from "@hearth/config";
import {
  FaultyObjectStore,
  MemoryObjectStore,
  parseObjectKey,
  type Fault,
  type ObjectOperation,
} from "@hearth/object-store";
import { seededRandom, UlidFactory } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";

import { segmentWriterSettings, type SegmentWriterSettings } from "../../src/config.ts";
import { segmentWriterMetrics } from "../../src/metrics.ts";
import { BlockRegistrar } from "../../src/registration/block-registrar.ts";
import { SegmentWriter } from "../../src/segment-writer.ts";
import { SegmentPipeline } from "../../src/segment/segment-pipeline.ts";
import { SegmentUploader } from "../../src/upload/segment-uploader.ts";
import { FakeIndex, readSegment, TextSegmentBuilder, type IndexFault, type SegmentText } from "./fakes.ts";
import { ManualClock } from "@hearth/testing";

export interface HarnessOptions {
  readonly settings?: Partial<SegmentWriterSettings>;
  readonly storeFault?: (operation: ObjectOperation) => Fault;
  readonly indexFault?: (call: number) => IndexFault;
  readonly buildPlan?: () => number | Error;
}

/** A writer between a faulty bucket and a faulty metastore, under a clock that stands still. */
export function makeHarness(options: HarnessOptions = {}) {
  const settings = { ...defaultsOf(segmentWriterSettings), flushConcurrency: 8, ...options.settings };
  const clock = new ManualClock();
  const random = seededRandom(1);
  const bucket = new MemoryObjectStore({ clock });
  const plan = options.storeFault ?? (() => ({}));
  const objectStore = new FaultyObjectStore(bucket, { clock, plan });
  const index = new FakeIndex(clock, options.indexFault);
  const registry = new MetricRegistry();
  const metrics = segmentWriterMetrics(registry);
  const { logger } = memoryLogger();
  const builder = new TextSegmentBuilder(clock, options.buildPlan);
  const uploader = new SegmentUploader(settings, { objectStore, clock, random, metrics });
  const registrar = new BlockRegistrar(settings, { index, clock, random });
  const ulids = new UlidFactory({ clock, random });
  const pipeline = new SegmentPipeline(settings, {
    builder,
    uploader,
    registrar,
    ulids,
    clock,
    metrics,
    logger,
    createdBy: "writer-0",
  });
  const writer = new SegmentWriter(settings, { pipeline, clock, metrics, logger });
  return { writer, clock, bucket, index, builder, registry, settings, uploader, registrar };
}

/** All segments in the bucket, and the blocks that lie in the dead-letter queue. */
export async function readBucket(bucket: MemoryObjectStore): Promise<{
  segments: SegmentText[];
  deadLetters: Set<string>;
}> {
  const { signal } = new AbortController();
  const segments: SegmentText[] = [];
  const deadLetters = new Set<string>();
  for await (const entry of bucket.list("", {}, signal)) {
    const key = entry.type === "object" ? entry.key : "";
    const parsed = parseObjectKey(key);
    if (parsed?.type === "segment") segments.push(readSegment(await bucket.get(key, signal)));
    if (parsed?.type === "deadLetter") deadLetters.add(parsed.id);
  }
  return { segments, deadLetters };
}
