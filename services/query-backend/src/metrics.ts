import { buckets, counter, gauge, histogram, type MetricRegistry } from "@hearth/telemetry";

export type QueryBackendMetrics = ReturnType<typeof queryBackendMetrics>;

/** Every metric of the query backend; names are under `pyroscope_`. */
export function queryBackendMetrics(registry: MetricRegistry) {
  return registry.define({
    runningLeaves: gauge("query_backend_inflight_reads", "Reads that run now."),
    refusedLeaves: counter(
      "query_backend_refused_reads_total",
      "Reads refused because too many were running.",
    ),
    leafSeconds: histogram(
      "query_backend_read_duration_seconds",
      "Time to answer a read, by outcome.",
      buckets.storeSeconds,
      ["status"],
    ),
    fetchedBytes: counter(
      "query_backend_fetched_bytes_total",
      "Bytes read from object storage, cache misses only.",
    ),
  });
}
