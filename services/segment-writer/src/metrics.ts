import { buckets, counter, gauge, histogram, type MetricRegistry } from "@hearth/telemetry";

export type SegmentWriterMetrics = ReturnType<typeof segmentWriterMetrics>;

/** Outcome of a step: the value of the label `status`. */
export type Status = "success" | "error";

const SEGMENT_BYTES = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536].map((kib) => kib * 1024);

/** Everything that the segment writer exports; shards and tenants are as few as placement makes them. */
export function segmentWriterMetrics(registry: MetricRegistry) {
  return registry.define({
    ingestBytes: histogram(
      "segment_writer_segment_ingest_bytes",
      "Bytes of one push, as received.",
      SEGMENT_BYTES,
      ["shard", "tenant"],
    ),
    segmentBytes: histogram(
      "segment_writer_segment_size_bytes",
      "Bytes of a segment, as stored.",
      SEGMENT_BYTES,
      ["shard"],
    ),
    uploadSeconds: histogram(
      "segment_writer_upload_duration_seconds",
      "Time to store a segment, retries and second uploads included.",
      buckets.storeSeconds,
      ["status"],
    ),
    hedgedUploadSeconds: histogram(
      "segment_writer_hedged_upload_duration_seconds",
      "Time of second uploads, from their own start.",
      buckets.storeSeconds,
      ["status"],
    ),
    storeMetadataSeconds: histogram(
      "segment_writer_store_metadata_duration_seconds",
      "Time to register a segment with the metastore.",
      buckets.storeSeconds,
      ["status"],
    ),
    deadLetters: counter(
      "segment_writer_store_metadata_dlq",
      "Segments whose metadata went to the dead-letter queue.",
      ["status"],
    ),
    waitSeconds: histogram(
      "segment_ingester_wait_duration_seconds",
      "Time from a push to its answer.",
      buckets.segmentWaitSeconds,
      ["tenant"],
    ),
    waitTimeouts: counter(
      "segment_ingester_wait_timeouts",
      "Pushes whose caller went away before the answer.",
      ["tenant"],
    ),
    flushHeadsSeconds: histogram(
      "segment_flush_heads_duration_seconds",
      "Time to build a segment, the wait for a thread included.",
      buckets.storeSeconds,
      ["shard"],
    ),
    flushSegmentSeconds: histogram(
      "segment_flush_segment_duration_seconds",
      "Time from the closing of a segment to the answers of its pushes.",
      buckets.storeSeconds,
      ["shard"],
    ),
    flushes: counter("segment_writer_flushes_total", "Segments closed, by what closed them.", ["reason"]),
    refusedPushes: counter("segment_writer_refused_pushes_total", "Pushes refused for want of memory.", [
      "tenant",
    ]),
    failedDatasets: counter("segment_writer_failed_datasets_total", "Datasets that could not be built.", [
      "tenant",
    ]),
    inFlightBytes: gauge("segment_writer_in_flight_bytes", "Bytes of pushes that wait to be stored."),
  });
}
