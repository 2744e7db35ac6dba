import { DigestSum, ELEMENT, ElementHash, type HashWords } from "../index-state/state-digest.ts";

interface Assignment {
  readonly number: number;
  /** Of the last assignment: a claim with another one is not of the holder. */
  readonly token: number;
  /** Who holds it; empty while it waits. */
  readonly worker: string;
  /** By the time of the log, Unix milliseconds. */
  readonly leaseEndsMs: number;
  readonly failures: number;
}

/** Blocks that are to be merged together. */
export interface CompactionJob extends Assignment {
  readonly type: "compaction";
  /** Empty when the sources are segments. */
  readonly tenant: string;
  readonly shard: number;
  /** Of the sources. */
  readonly level: number;
  /** Sorted by id. */
  readonly blocks: readonly string[];
  readonly sizeBytes: number;
  /** Its one source is written anew, into a block of the same level, without rows that were deleted. */
  readonly isRewrite: boolean;
  /** The level of a tier, above that of the sources, whose resolution the rows are summed to, if it has one; 0: the next level. */
  readonly outputLevel: number;
  /** Deletions on request up to this number are applied; of its last assignment, like {@link token}. */
  readonly deletionsUpTo: number;
}

/** Tombstones whose objects are to be deleted. */
export interface DeletionJob extends Assignment {
  readonly type: "deletion";
  readonly blocks: readonly string[];
}

export type Job = CompactionJob | DeletionJob;

export interface JobClaim {
  readonly job: number;
  readonly token: number;
}

/** Jobs that are not finished, by their number, and the digest of them all. */
export class JobTable {
  /** In the order of their numbers. */
  readonly #jobs = new Map<number, Job>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();

  get digest(): HashWords {
    return this.#digest;
  }

  get count(): number {
    return this.#jobs.size;
  }

  get(number: number): Job | undefined {
    return this.#jobs.get(number);
  }

  /** In the order of their numbers. */
  all(): IterableIterator<Job> {
    return this.#jobs.values();
  }

  /** Of all blocks that are in jobs of compaction. */
  blockIds(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const job of this.#jobs.values()) {
      if (job.type === "compaction") for (const id of job.blocks) ids.add(id);
    }
    return ids;
  }

  /** Adds a job, or puts another state of it in its place. New jobs must come in the order of their numbers. */
  set(job: Job): void {
    this.#subtract(this.#jobs.get(job.number));
    this.#jobs.set(job.number, job);
    this.#digest.add(hashJob(this.#hash, job));
  }

  delete(number: number): void {
    this.#subtract(this.#jobs.get(number));
    this.#jobs.delete(number);
  }

  #subtract(job: Job | undefined): void {
    if (job) this.#digest.subtract(hashJob(this.#hash, job));
  }
}

/** Of its sources, as metrics tell it; empty for a deletion. */
export function levelOf(job: Job): string {
  return job.type === "compaction" ? String(job.level) : "";
}

/** Whether its output is a block of a tier: gathered, or summed. */
export function isTierJob(job: Job): boolean {
  return job.type === "compaction" && job.outputLevel > 0;
}

/** The hash of a job as an element of the state. */
export function hashJob(hash: ElementHash, job: Job): HashWords {
  hash.begin(ELEMENT.job).integer(job.number).integer(job.token).text(job.worker).integer(job.leaseEndsMs);
  hash.integer(job.failures).text(job.type);
  if (job.type === "compaction") {
    hash.text(job.tenant).integer(job.shard).integer(job.level).integer(job.sizeBytes);
    hash.word(job.isRewrite ? 1 : 0).integer(job.deletionsUpTo);
    // Without tiers, digests are what they were before there were any.
    if (job.outputLevel > 0) hash.integer(job.outputLevel);
  }
  for (const id of job.blocks) hash.text(id);
  return hash.end();
}
