import { buckets, counter, histogram, type MetricRegistry } from "@hearth/telemetry";

export type DistributorMetrics = ReturnType<typeof distributorMetrics>;

/** Every metric of the distributor; names are under `pyroscope_`. */
export function distributorMetrics(registry: MetricRegistry) {
  return registry.define({
    receivedCompressedBytes: histogram(
      "distributor_received_compressed_bytes",
      "Size of pushed profiles as they came.",
      buckets.messageBytes,
      ["type", "tenant"],
    ),
    receivedDecompressedBytes: histogram(
      "distributor_received_decompressed_bytes",
      "Size of pushed profiles after decompression.",
      buckets.messageBytes,
      ["type", "tenant"],
    ),
    decompressedBytesByStage: histogram(
      "distributor_received_decompressed_bytes_total",
      "Size of profiles by stage: as received, those of them that sampling keeps (sampled), and as sent to segment writers (normalized).",
      buckets.messageBytes,
      ["tenant", "stage"],
    ),
    receivedSamples: histogram(
      "distributor_received_samples",
      "Samples of pushed profiles.",
      [10, 30, 100, 300, 1000, 3000, 10_000, 30_000],
      ["type", "tenant"],
    ),
    profilesReceived: counter(
      "distributor_profiles_received_total",
      "Profiles received, by the library that took them.",
      ["tenant", "scope_name", "scope_version"],
    ),
    pushBatchSeries: histogram(
      "distributor_push_batch_series",
      "Profiles in one request.",
      [1, 2, 5, 10, 30, 100, 300, 1000, 3000],
      ["tenant"],
    ),
    parseSeconds: histogram(
      "distributor_parse_duration_seconds",
      "Time to decompress, decode and prepare.",
      buckets.storeSeconds,
      ["type", "tenant"],
    ),
    discardedSamples: counter("discarded_samples_total", "Profiles that were refused, by reason.", [
      "reason",
      "tenant",
    ]),
    discardedBytes: counter("discarded_bytes_total", "Bytes of profiles that were refused, by reason.", [
      "reason",
      "tenant",
    ]),
    usageGroupReceivedBytes: counter(
      "usage_group_received_decompressed_total",
      "Bytes of profiles after decompression, by usage group: other where none matches.",
      ["type", "tenant", "usage_group"],
    ),
    usageGroupDiscardedBytes: counter(
      "usage_group_discarded_bytes_total",
      "Bytes of profiles that were refused or dropped, by usage group.",
      ["reason", "tenant", "usage_group"],
    ),
    backgroundFailures: counter(
      "distributor_background_failures_total",
      "Profiles that were not stored when nobody or somebody else waited for it: after they were acknowledged, or merged.",
      ["tenant"],
    ),
    downstreamSeconds: histogram(
      "write_path_downstream_request_duration_seconds",
      "Time until segment writers acknowledged.",
      buckets.storeSeconds,
      ["route", "primary", "status"],
    ),
    sentBytes: histogram(
      "segment_writer_client_sent_bytes",
      "Size of requests to segment writers.",
      buckets.messageBytes,
      ["shard", "tenant", "addr"],
    ),
    numericLabels: counter(
      "distributor_numeric_sample_labels_total",
      "Labels of samples that are numbers, which are not stored.",
      ["tenant"],
    ),
  });
}
