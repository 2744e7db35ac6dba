/** What a job of one level takes. */
export interface LevelSettings {
  readonly maxBlocks: number;
  /** Of all sources of a job, stored bytes. */
  readonly maxBytes: number;
  /** A queue whose oldest block is older gives a job, full or not. */
  readonly maxAgeMs: number;
}

/** What every node plans by; the leader puts it into each command. */
export interface CompactionSettings {
  /** By the level of the sources; {@link MAX_LEVEL} of them. */
  readonly levels: readonly LevelSettings[];
  readonly leaseMs: number;
  /** A job that failed so often is taken apart. */
  readonly maxFailures: number;
  /** Sources of a finished job stay in the bucket for so long, since queries may still read them. */
  readonly tombstoneDelayMs: number;
  /** Objects of one deletion job. */
  readonly deletionBatch: number;
  /** A block with rows that a tenant had deleted is written anew when no merge has taken it by then. Since the request. */
  readonly rewriteDelayMs: number;
  /** A block that waited for so long for others of its queue is merged by itself. 0: never. */
  readonly loneAgeMs: number;
  /** A deletion on request stays in force for so long after its bytes are gone. */
  readonly deletionKeepMs: number;
}

/** Blocks of this level are not merged any more, but summed for tiers. */
export const MAX_LEVEL = 3;

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MIB = 1024 * 1024;

export const defaultCompactionSettings: CompactionSettings = {
  levels: [
    { maxBlocks: 20, maxBytes: 256 * MIB, maxAgeMs: 36 * SECOND_MS },
    { maxBlocks: 10, maxBytes: 256 * MIB, maxAgeMs: 12 * MINUTE_MS },
    { maxBlocks: 10, maxBytes: 512 * MIB, maxAgeMs: 180 * MINUTE_MS },
  ],
  leaseMs: 15 * SECOND_MS,
  maxFailures: 3,
  tombstoneDelayMs: 15 * MINUTE_MS,
  deletionBatch: 100,
  rewriteDelayMs: 15 * MINUTE_MS,
  deletionKeepMs: 30 * DAY_MS,
  loneAgeMs: DAY_MS,
};
