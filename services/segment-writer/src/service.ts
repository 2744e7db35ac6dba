import { hostname } from "node:os";

import type { ObjectStore } from "@hearth/object-store";
import { SegmentWriterService as SegmentWriterRpc } from "@hearth/proto/hearth/segmentwriter/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import { UlidFactory, withTimeLimit, type Clock, type Random } from "@hearth/runtime";
import type { Logger, MetricRegistry } from "@hearth/telemetry";
import { Threads } from "@hearth/worker-pool";

import { buildThreads, flushConcurrency, type SegmentWriterSettings } from "./config.ts";
import { segmentWriterMetrics, type SegmentWriterMetrics } from "./metrics.ts";
import { BlockRegistrar, type BlockIndex } from "./registration/block-registrar.ts";
import { push } from "./rpc/push.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { WorkerSegmentBuilder } from "./segment/segment-builder.ts";
import { SegmentPipeline } from "./segment/segment-pipeline.ts";
import { SegmentUploader } from "./upload/segment-uploader.ts";

export interface SegmentWriterServiceDeps {
  /** Opened and closed by whoever made it. */
  readonly objectStore: ObjectStore;
  readonly index: BlockIndex;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: MetricRegistry;
  readonly logger: Logger;
  /** To build segments in; it has threads of its own when absent. */
  readonly threads?: Threads;
}

/** Largest request message; a request holds what one client sent for one shard. */
const MAX_REQUEST_BYTES = 100 << 20;

/** The segment writer as a part of a process. */
export class SegmentWriterService implements AsyncDisposable {
  readonly #settings: SegmentWriterSettings;
  readonly #deps: SegmentWriterServiceDeps;
  readonly #ownThreads: Threads | undefined;
  readonly #builder: WorkerSegmentBuilder;
  readonly #writer: SegmentWriter;

  constructor(settings: SegmentWriterSettings, deps: SegmentWriterServiceDeps) {
    this.#settings = settings;
    this.#deps = deps;
    const threads =
      deps.threads ??
      (this.#ownThreads = new Threads({
        maxThreads: buildThreads(settings),
        idleTimeoutMs: settings.buildThreadIdleMs,
      }));
    this.#builder = new WorkerSegmentBuilder({ maxQueued: flushConcurrency(settings) }, threads);
    this.#writer = makeWriter(settings, deps, this.#builder, segmentWriterMetrics(deps.registry));
  }

  /** What this part offers to other parts. */
  get services(): readonly ServiceRegistration[] {
    const rpcs = {
      push: (request, context) => push(this.#writer, request, context.signal),
    } satisfies Parameters<typeof implement<typeof SegmentWriterRpc>>[1];
    return [implement(SegmentWriterRpc, rpcs, { readMaxBytes: MAX_REQUEST_BYTES })];
  }

  /** Tries the bucket, which may well become reachable later: a failure is told, and stops nothing. */
  async start(): Promise<void> {
    if (!this.#settings.bucketHealthCheckEnabled) return;
    const { clock, logger, objectStore } = this.#deps;
    const limit = { ms: this.#settings.bucketHealthCheckTimeoutMs, what: "object storage check" };
    try {
      await withTimeLimit(limit, clock, (signal) => objectStore.checkAccess(signal));
    } catch (error) {
      logger.warn("object storage is not usable", { error });
    }
  }

  /** Stores all that was taken, then ends the worker threads. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await this.#builder[Symbol.asyncDispose]();
    await this.#ownThreads?.[Symbol.asyncDispose]();
  }
}

function makeWriter(
  settings: SegmentWriterSettings,
  deps: SegmentWriterServiceDeps,
  builder: WorkerSegmentBuilder,
  metrics: SegmentWriterMetrics,
): SegmentWriter {
  const pipeline = new SegmentPipeline(settings, {
    ...deps,
    metrics,
    builder,
    uploader: new SegmentUploader(settings, { ...deps, metrics }),
    registrar: new BlockRegistrar(settings, deps),
    ulids: new UlidFactory(deps),
    createdBy: hostname(),
  });
  return new SegmentWriter(settings, { ...deps, metrics, pipeline });
}
