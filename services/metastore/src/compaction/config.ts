import { formatDuration, parseDuration, setting, type Values } from "@hearth/config";
import { z } from "zod";
import { DELETION_LIMITS } from "../deletions/deletion.ts";
import { defaultCompactionSettings, type CompactionSettings } from "./compaction-settings.ts";

const NANOS_PER_MS = 1e6;

type Settings = Values<typeof compactionFields>;

/** Nanoseconds as a number, as the original reads them, or text such as `36s`. */
const duration = z.union([
  z.number().min(0),
  z.string().refine((text) => (parseDuration(text) ?? -1) >= 0, "must be a duration, such as 36s"),
]);

const level = z.strictObject({
  maxblocks: z.int().min(2).max(1_000),
  maxage: duration,
  maxbytes: z.int().min(1).optional(),
});

/** How blocks are compacted: what the leader of the metastore plans by. */
export const compactionFields = {
  levels: setting.structured<readonly z.infer<typeof level>[]>({
    yaml: "metastore.levels",
    default: defaultCompactionSettings.levels.map(({ maxBlocks, maxAgeMs, maxBytes }) => ({
      maxblocks: maxBlocks,
      maxage: formatDuration(maxAgeMs),
      maxbytes: maxBytes,
    })),
    schema: z.array(level).length(defaultCompactionSettings.levels.length),
    doc: "For each level of blocks that are merged, from 0 on: how many go into one job (maxblocks), how many bytes at most (maxbytes), and the age at which a job is made of fewer (maxage, a duration or nanoseconds).",
  }),
  jobLeaseMs: setting.durationMs({
    flag: "metastore.compaction-job-lease-duration",
    default: "15s",
    min: "1s",
    doc: "A job whose worker was not heard of for so long is given to another one.",
  }),
  maxFailures: setting.int({
    flag: "metastore.compaction-max-failures",
    default: defaultCompactionSettings.maxFailures,
    min: 1,
    doc: "How often a job may fail before it is taken apart, to find the block that is at fault and set it aside.",
  }),
  loneAgeMs: setting.durationMs({
    flag: "metastore.compaction-lone-block-age",
    default: formatDuration(defaultCompactionSettings.loneAgeMs),
    doc: "The age at which a block that no other one of its level and tenant came to is merged by itself, so that all blocks come to the highest level. 0: never.",
  }),
  gatherDatasetBytes: setting.sizeBytes({
    flag: "metastore.compaction-gather-dataset-size",
    default: 2 << 20,
    doc: "When a day (UTC) is over, its small blocks become few, of at most so many bytes of one service each: questions about weeks open fewer blocks, those about a part of that day read so much. 0: they stay as they are.",
  }),
  cleanupIntervalMs: setting.durationMs({
    flag: "metastore.index.cleanup-interval",
    default: "15m",
    min: "1s",
    doc: "How often to look for blocks that are older than their tenant's retention period, and for what is to be summed.",
  }),
  cleanupGraceMs: setting.durationMs({
    flag: "metastore.index.cleanup-grace-period",
    default: "6h",
    doc: "Blocks are kept for so long beyond the retention period.",
  }),
  cleanupBatchSize: setting.int({
    yaml: "metastore.cleanupbatchsize",
    default: defaultCompactionSettings.deletionBatch,
    min: 1,
    max: 10_000,
    doc: "Objects that one job deletes.",
  }),
  cleanupDelayMs: setting.durationMs({
    yaml: "metastore.cleanupdelay",
    default: "15m",
    doc: "How long the objects of blocks that were merged stay, for queries that began before.",
  }),
  rewriteDelayMs: setting.durationMs({
    flag: "metastore.deletion-rewrite-delay",
    default: formatDuration(defaultCompactionSettings.rewriteDelayMs),
    doc: "How long after profiles were deleted on request a block with some of them is written anew, unless it was merged meanwhile.",
  }),
  deletionKeepMs: setting.durationMs({
    flag: "metastore.deletion-keep-period",
    default: formatDuration(defaultCompactionSettings.deletionKeepMs),
    doc: "How long a deletion on request also deletes what comes late and matches, after its bytes are gone.",
  }),
  deletionsPerTenant: setting.int({
    flag: "metastore.deletions-per-tenant",
    default: DELETION_LIMITS.inForce,
    min: 1,
    max: DELETION_LIMITS.inForce,
    doc: "How many deletions on request a tenant may have in force.",
  }),
};

/** What the settings say, as planning needs it. */
export function compactionSettingsOf(settings: Settings): CompactionSettings {
  return {
    levels: settings.levels.map(({ maxblocks, maxage, maxbytes }, position) => ({
      maxBlocks: maxblocks,
      maxBytes: maxbytes ?? defaultCompactionSettings.levels[position]!.maxBytes,
      maxAgeMs: typeof maxage === "number" ? maxage / NANOS_PER_MS : (parseDuration(maxage) ?? 0),
    })),
    leaseMs: settings.jobLeaseMs,
    maxFailures: settings.maxFailures,
    tombstoneDelayMs: settings.cleanupDelayMs,
    deletionBatch: settings.cleanupBatchSize,
    rewriteDelayMs: settings.rewriteDelayMs,
    deletionKeepMs: settings.deletionKeepMs,
    loneAgeMs: settings.loneAgeMs,
  };
}
