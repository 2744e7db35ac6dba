import { availableParallelism } from "node:os";

import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type SegmentWriterSettings = SettingsOf<typeof segmentWriterSettings>;

export const segmentWriterSettings = defineSettings(
  "Segment writer",
  {
    segmentDurationMs: setting.durationMs({
      flag: "segment-writer.segment-duration",
      default: "500ms",
      min: "1ms",
      max: "1m",
      common: true,
      doc: "How long a segment may stay open, and how far apart a shard's segments are under load.",
    }),
    lingerMs: setting.durationMs({
      flag: "segment-writer.linger",
      default: "10ms",
      doc: "How long a segment stays open when its shard has been quiet for the segment duration.",
    }),
    maxSegmentBytes: setting.sizeBytes({
      flag: "segment-writer.max-segment-bytes",
      default: 8 << 20,
      min: 1 << 10,
      max: 256 << 20,
      doc: "A segment with so many bytes of buffered profiles is flushed at once.",
    }),
    maxInFlightBytes: setting.sizeBytes({
      flag: "segment-writer.max-in-flight-bytes",
      default: 256 << 20,
      min: 1 << 20,
      doc: "Bytes of pushed profiles that may wait to be stored; beyond, pushes are refused with resource_exhausted.",
    }),
    flushConcurrency: setting.int({
      flag: "segment-writer.flush-concurrency",
      default: 0,
      min: 0,
      doc: "Segments that are built and stored at the same time. 0: the number of CPUs, at least 8.",
    }),
    buildThreads: setting.int({
      flag: "segment-writer.build-threads",
      default: 0,
      min: 0,
      doc: "Worker threads that build segments. 0: one less than there are processors, at least one. In one process with the distributor both share their threads: the greater of the two numbers.",
    }),
    buildThreadIdleMs: setting.durationMs({
      flag: "segment-writer.build-thread-idle",
      default: "1m",
      doc: "A worker thread without work ends after so long.",
    }),
    uploadTimeoutMs: setting.durationMs({
      flag: "segment-writer.upload-timeout",
      yamlAliases: ["segment_writer.upload-timeout"],
      default: "2s",
      min: "1ms",
      doc: "Time for storing a segment, retries included.",
    }),
    uploadMaxRetries: setting.int({
      flag: "segment-writer.upload-max-retries",
      yamlAliases: ["segment_writer.upload-retry_max_retries"],
      default: 3,
      min: 0,
      max: 100,
      doc: "How often the storing of a segment is tried again.",
    }),
    uploadRetryMinPeriodMs: setting.durationMs({
      flag: "segment-writer.upload-retry-min-period",
      yamlAliases: ["segment_writer.upload-retry_min_period"],
      default: "50ms",
      doc: "Bound of the random wait before the first retry; it doubles with each one more.",
    }),
    uploadRetryMaxPeriodMs: setting.durationMs({
      flag: "segment-writer.upload-retry-max-period",
      yamlAliases: ["segment_writer.upload-retry_max_period"],
      default: "500ms",
      doc: "Bound of the random wait before any retry.",
    }),
    uploadHedgeAfterMs: setting.durationMs({
      flag: "segment-writer.upload-hedge-after",
      yamlAliases: ["segment_writer.upload-hedge_upload_after"],
      default: "500ms",
      doc: "A segment that is not stored by then is stored a second time beside the first; whichever ends first counts.",
    }),
    uploadHedgeRateMax: setting.float({
      flag: "segment-writer.upload-hedge-rate-max",
      yamlAliases: ["segment_writer.upload-hedge_rate_max"],
      default: 2,
      min: 0,
      doc: "Second uploads per second. 0: none beyond the burst.",
    }),
    uploadHedgeRateBurst: setting.int({
      flag: "segment-writer.upload-hedge-rate-burst",
      yamlAliases: ["segment_writer.upload-hedge_rate_burst"],
      default: 10,
      min: 0,
      doc: "Second uploads that may come at once.",
    }),
    metadataUpdateTimeoutMs: setting.durationMs({
      flag: "segment-writer.metadata-update-timeout",
      default: "2s",
      min: "1ms",
      doc: "Time for registering a segment with the metastore, retries included.",
    }),
    metadataDlqEnabled: setting.bool({
      flag: "segment-writer.metadata-dlq-enabled",
      default: true,
      doc: "Whether the metadata of a segment that cannot be registered are kept in object storage, from where the metastore takes them. If not, its pushes fail.",
    }),
    bucketHealthCheckEnabled: setting.bool({
      flag: "segment-writer.bucket-health-check-enabled",
      default: true,
      doc: "Whether object storage is tried at start. A failure is logged; it does not stop the start.",
    }),
    bucketHealthCheckTimeoutMs: setting.durationMs({
      flag: "segment-writer.bucket-health-check-timeout",
      default: "10s",
      doc: "Time for trying object storage at start.",
    }),
  },
  (values) => [
    ...(values.lingerMs <= values.segmentDurationMs
      ? []
      : ["-segment-writer.linger must not be longer than -segment-writer.segment-duration"]),
    ...(values.uploadRetryMinPeriodMs <= values.uploadRetryMaxPeriodMs
      ? []
      : [
          "-segment-writer.upload-retry-min-period must not be longer than -segment-writer.upload-retry-max-period",
        ]),
    ...(values.maxSegmentBytes <= values.maxInFlightBytes
      ? []
      : ["-segment-writer.max-segment-bytes must not be more than -segment-writer.max-in-flight-bytes"]),
  ],
);

/** The setting, or what 0 stands for. */
export function flushConcurrency(settings: SegmentWriterSettings): number {
  return settings.flushConcurrency || Math.max(availableParallelism(), 8);
}

/** The setting, or what 0 stands for. */
export function buildThreads(settings: SegmentWriterSettings): number {
  return settings.buildThreads || Math.max(1, availableParallelism() - 1);
}
