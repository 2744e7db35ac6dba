/**
 * From a closed segment to a stored one: build, upload, register. What it promises when `store` resolves: the object is in
 * the bucket, and its metadata are in the index or in the dead-letter queue.
 */
import { fromBinary } from "@bufbuild/protobuf";
import type { BuiltSegment } from "@hearth/block";
import { blockObjectKey, deadLetterKey, type BlockLocation } from "@hearth/object-store";
import { BlockMetaSchema } from "@hearth/proto/hearth/block/v1";
import { withTimeLimit, type Clock, type UlidFactory } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import type { SegmentWriterMetrics } from "../metrics.ts";
import { BlockRefusedError, type BlockRegistrar } from "../registration/block-registrar.ts";
import type { SegmentUploader } from "../upload/segment-uploader.ts";
import type { ClosedSegment } from "./open-segment.ts";
import type { SegmentBuilder } from "./segment-builder.ts";

/** A segment takes a second or two when the machine is busy; beyond, its thread hangs, and is ended. */
const BUILD_LIMIT = { ms: 30_000, what: "segment build" };

export interface SegmentPipelineDeps {
  readonly builder: SegmentBuilder;
  readonly uploader: SegmentUploader;
  readonly registrar: BlockRegistrar;
  readonly ulids: UlidFactory;
  readonly clock: Clock;
  readonly metrics: SegmentWriterMetrics;
  readonly logger: Logger;
  /** Name of this host, kept in the metadata. */
  readonly createdBy: string;
}

/** A segment that is not stored yet. */
export interface Built extends BuiltSegment {
  readonly location: BlockLocation;
}

/** Builds, uploads and registers segments; see the top of this file. */
export class SegmentPipeline {
  readonly #settings: { readonly metadataDlqEnabled: boolean };
  readonly #deps: SegmentPipelineDeps;

  constructor(settings: { readonly metadataDlqEnabled: boolean }, deps: SegmentPipelineDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /** @throws {DomainError} when nothing of the segment could be built. */
  async build(segment: ClosedSegment): Promise<Built> {
    const { builder, clock, createdBy, metrics, ulids } = this.#deps;
    const { shard, datasets } = segment;
    const startedMs = clock.monotonicMs();
    const id = ulids.next();
    const built = await withTimeLimit(BUILD_LIMIT, clock, (signal) =>
      builder.build({ id, shard, createdBy, datasets }, signal),
    );
    metrics.flushHeadsSeconds.observe({ shard: String(shard) }, (clock.monotonicMs() - startedMs) / 1000);
    return { ...built, location: { tenant: "", level: 0, shard, id } };
  }

  /**
   * Stores and registers a segment; one without any dataset is nothing to store.
   *
   * @throws {DomainError} when it is not stored, or nobody knows; it may still appear.
   */
  async store({ location, bytes, meta }: Built): Promise<void> {
    if (bytes.length === 0) return;
    await this.#deps.uploader.upload(blockObjectKey(location), bytes);
    this.#deps.metrics.segmentBytes.observe({ shard: String(location.shard) }, bytes.length);
    await this.#register(location, meta);
  }

  async #register(location: BlockLocation, meta: Uint8Array): Promise<void> {
    const { clock, logger, metrics, registrar, uploader } = this.#deps;
    const startedMs = clock.monotonicMs();
    const observe = (status: "success" | "error"): void =>
      metrics.storeMetadataSeconds.observe({ status }, (clock.monotonicMs() - startedMs) / 1000);
    try {
      await registrar.register(fromBinary(BlockMetaSchema, meta), meta.length);
      observe("success");
    } catch (error) {
      observe("error");
      if (error instanceof BlockRefusedError || !this.#settings.metadataDlqEnabled) throw error;
      logger.warn("block not registered, metadata go to the dead-letter queue", {
        block: location.id,
        error,
      });
      await uploader.putDeadLetter(deadLetterKey(location), meta);
    }
  }
}
