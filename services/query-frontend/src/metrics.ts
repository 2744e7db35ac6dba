import { counter, histogram, linearBuckets, type MetricRegistry } from "@hearth/telemetry";

export type QueryFrontendMetrics = ReturnType<typeof queryFrontendMetrics>;

/** Every metric of the query frontend; names are under `pyroscope_`. */
export function queryFrontendMetrics(registry: MetricRegistry) {
  return registry.define({
    fetchedBytes: counter(
      "query_frontend_fetched_bytes_total",
      "Bytes read for queries: object_storage by query backends, metastore as metadata.",
      ["tenant", "kind"],
    ),
    estimationAccuracy: histogram(
      "query_frontend_estimation_accuracy_ratio",
      "Bytes that the plan of a query expected, relative to those that were read.",
      linearBuckets({ start: 0.25, step: 0.25, count: 16 }),
    ),
    missingObjects: counter(
      "query_frontend_missing_objects_total",
      "Queries that failed because an object is registered in the metastore and not in object storage.",
    ),
    mergeSeconds: histogram(
      "query_frontend_merge_duration_seconds",
      "Time to merge, cut and encode an answer, by where that ran.",
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      ["place"],
    ),
  });
}
