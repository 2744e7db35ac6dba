import type { BlockMeta } from "@hearth/block";
import { placeOf, type BlockPlace } from "../index-state/block-place.ts";
import type { CheckedBlock } from "../index-state/check-wire-block.ts";
import type { BlockIndex } from "../index-state/block-index.ts";
import { ELEMENT, ElementHash, type DigestSum } from "../index-state/state-digest.ts";
import { assertNever } from "@hearth/errors";
import type { Deletions } from "../deletions/deletions.ts";
import { BlockNotes, type BlockNote } from "./block-notes.ts";
import { outputsRefusal } from "./check-outputs.ts";
import type { CompactionSettings } from "./compaction-settings.ts";
import { expiredBlocks, type Expiry } from "./expiry.ts";
import { JobCounts } from "./job-counts.ts";
import {
  JobTable,
  isTierJob,
  levelOf,
  type CompactionJob,
  type DeletionJob,
  type Job,
  type JobClaim,
} from "./job-table.ts";
import type { JobReport, Poll, PollResult, SourceFault } from "./poll.ts";
import type { OrphanNotes, OrphansNoted } from "../orphans/orphan-notes.ts";
import { OrphanWatch, type WatchCapture } from "../orphans/orphan-watch.ts";
import { Tombstones, type Tombstone } from "./tombstones.ts";
import { coveredBlocks, dueRewrites, hasDueRewrite, type RewriteView } from "./rewrites.ts";
import { dueTierBatches, type TierBatch, type TiersPlanned } from "../tiers/plan-tiers.ts";
import type { TierPlan } from "../tiers/tier-plan.ts";
import { WaitingBlocks, type ReadyBatch } from "./waiting-blocks.ts";

/** So long after its object was deleted, and after the time of its id, a tombstone is forgotten: see docs/compaction.md. */
const REMEMBERED_MS = 2 * 60 * 60 * 1_000;

/** What of compaction is kept in a snapshot. */
export interface CompactionCapture {
  readonly lastNumber: number;
  readonly jobs: readonly Job[];
  /** In the order of the ids. */
  readonly notes: readonly (readonly [id: string, note: BlockNote])[];
  readonly tombstones: readonly Tombstone[];
  readonly orphans: WatchCapture;
}

/** Why a block is not registered whose object is deleted as an orphan: its rows are nowhere else, so nobody must take it for stored. */
export const GIVEN_UP =
  "its object was found without a registration for long, and is given up: push it again";

/**
 * Compaction as part of the replicated state: which blocks wait, which are in jobs, who holds these, and what is to be
 * deleted. It changes with commands alone, and reads no clock.
 *
 * Of every block that is registered one thing holds: it waits, or is in one compaction job, or is quarantined, or has the highest level
 * or that of a tier; of which a block waits for nothing, but is in a job when it is written anew without deleted rows, or summed.
 * `checkCompaction` in `invariants.ts` says so in code.
 */
export class Compaction {
  readonly #index: BlockIndex;
  readonly #deletions: Deletions;
  readonly waiting = new WaitingBlocks();
  readonly jobs = new JobTable();
  readonly notes = new BlockNotes();
  readonly tombstones = new Tombstones();
  readonly orphans = new OrphanWatch();
  readonly counts = new JobCounts();
  /** The last number that a job or an assignment got. */
  #lastNumber = 0;
  readonly #hash = new ElementHash();

  /** @param deletions - of the same index. */
  constructor(index: BlockIndex, deletions: Deletions) {
    this.#index = index;
    this.#deletions = deletions;
  }

  /**
   * Registers a block, unless it is there already, or was and has been compacted since.
   *
   * @returns why it is not stored; undefined when it is.
   */
  addBlock(block: BlockMeta, stampMs: number): string | undefined {
    const tombstone = this.tombstones.get(block.id);
    if (tombstone) return tombstone.isOrphan ? GIVEN_UP : undefined;
    this.orphans.forget(block.id);
    if (!this.#index.add(block, stampMs)) return undefined;
    this.waiting.add(placeOf(block));
    this.#deletions.noteAdded(block.id);
    return undefined;
  }

  /** Applies what a worker says and gives it work. */
  poll(poll: Poll, nowMs: number): PollResult {
    const refusals: { claim: JobClaim; reason: string }[] = [];
    for (const report of poll.reports) {
      const reason = this.#settle(poll, report, nowMs);
      if (reason !== undefined) refusals.push({ claim: report.claim, reason });
    }
    const revoked = this.#renew(poll, nowMs);
    this.#expireLeases(nowMs);
    this.tombstones.forgetDeleted(nowMs - REMEMBERED_MS);
    this.#letGo(coveredBlocks(this.#deletions.touched), nowMs);
    const keepMs = poll.settings.deletionKeepMs;
    const deletionsDone = this.#deletions.advance(this.tombstones, { nowMs, keepMs });
    this.#assign(poll, nowMs);
    return { assigned: this.#unnamed(poll), revoked, refusals, deletionsDone };
  }

  /** Whether a poll of a worker that holds nothing would change anything at `nowMs`, but for the time of the log. */
  hasWork(
    { worker, sumsRows }: Pick<Poll, "worker" | "sumsRows">,
    settings: CompactionSettings,
    nowMs: number,
  ): boolean {
    for (const job of this.jobs.all()) {
      if (job.worker === worker || (job.worker !== "" && job.leaseEndsMs < nowMs)) return true;
      if (job.worker === "" && (sumsRows || !isTierJob(job))) return true;
    }
    return (
      this.tombstones.hasDue(nowMs - settings.tombstoneDelayMs) ||
      this.#deletions.isMoving ||
      this.#deletions.touched.coveredCount > 0 ||
      hasDueRewrite(this.#rewriteView(settings, nowMs)) ||
      this.readyBatches(settings, nowMs).length > 0
    );
  }

  /** Jobs that could begin at `nowMs`, one of each queue. */
  readyBatches({ levels, loneAgeMs }: CompactionSettings, nowMs: number): ReadyBatch[] {
    return this.waiting.readyBatches({ levels, loneAgeMs, nowMs, isSolo: (id) => this.notes.isSolo(id) });
  }

  /** Makes jobs of blocks that are to be gathered or summed; they wait for a worker that knows of tiers. */
  planTiers(plan: TierPlan): TiersPlanned {
    const { notes, jobs } = this;
    const { batches, isComplete } = dueTierBatches({ index: this.#index, jobs, notes }, plan);
    for (const batch of batches) jobs.set(this.#beginCompaction(batch));
    return { jobCount: batches.length, isComplete };
  }

  /**
   * Lets blocks go all of whose data is too old; a job that has one of them is taken apart.
   *
   * @returns how many went.
   */
  expire(expiry: Expiry, nowMs: number): number {
    const blocks = expiredBlocks(this.#index, expiry);
    this.#letGo(blocks, nowMs);
    return blocks.length;
  }

  /**
   * Lets blocks that were put aside take part in jobs again: those of `ids` that are, or all when it is empty.
   *
   * @returns how many were.
   */
  release(ids: readonly string[]): number {
    const asked = new Set(ids);
    const released = this.notes
      .all()
      .filter(([id, { type }]) => type === "quarantined" && (asked.size === 0 || asked.has(id)));
    for (const [id] of released) {
      this.notes.delete(id);
      const block = this.#index.get(id);
      if (block) this.waiting.add(placeOf(block));
    }
    return released.length;
  }

  /** Takes in what a sweep of the bucket found; what is an orphan for long enough becomes a tombstone. */
  noteOrphans(notes: OrphanNotes, nowMs: number): OrphansNoted {
    const index = {
      isKnown: (id: string) => this.#isKnown(id),
      remove: (place: BlockPlace) => this.tombstones.add(place, nowMs, { isOrphan: true }),
    };
    return this.orphans.note(notes, index, nowMs);
  }

  addToDigest(sum: DigestSum): void {
    this.orphans.addToDigest(sum);
    if (this.#isUntouched) return;
    const hash = this.#hash;
    hash.begin(ELEMENT.compaction).integer(this.#lastNumber);
    hash.words(this.jobs.digest).words(this.notes.digest).words(this.tombstones.digest);
    sum.add(hash.end());
  }

  capture(): CompactionCapture {
    return {
      lastNumber: this.#lastNumber,
      jobs: [...this.jobs.all()],
      notes: this.notes.all(),
      tombstones: [...this.tombstones.all()],
      orphans: this.orphans.capture(),
    };
  }

  restoreLastNumber(lastNumber: number): void {
    this.#lastNumber = lastNumber;
  }

  /** A block that the index has already. To be called before jobs and notes are restored. */
  restoreBlock(place: BlockPlace): void {
    this.waiting.add(place);
  }

  restoreJob(job: Job): void {
    this.jobs.set(job);
    if (job.type === "compaction") for (const id of job.blocks) this.#stopWaiting(id);
  }

  restoreNote(id: string, note: BlockNote): void {
    this.notes.set(id, note);
    if (note.type === "quarantined") this.#stopWaiting(id);
  }

  /** There was no job yet, and no block went: nothing is kept of compaction then. */
  get #isUntouched(): boolean {
    return this.#lastNumber === 0 && this.tombstones.count === 0;
  }

  /** Blocks leave the index, and nothing takes their place; a job that has one of them is taken apart. */
  #letGo(blocks: readonly BlockPlace[], nowMs: number): void {
    for (const block of blocks) {
      if (!this.waiting.remove(block)) this.#takeFromJob(block);
      this.#bury(block, nowMs);
    }
  }

  #bury(block: BlockPlace, nowMs: number): void {
    this.#index.remove(block.id);
    this.#deletions.noteRemoved(block.id);
    this.notes.delete(block.id);
    this.tombstones.add(block, nowMs);
  }

  /** If a job has the block, the job is taken apart; its other sources wait again. */
  #takeFromJob(block: BlockPlace): void {
    for (const job of this.jobs.all()) {
      if (job.type === "compaction" && job.blocks.includes(block.id)) this.#dissolve(job);
    }
    this.waiting.remove(block);
  }

  /** @returns why the report changes nothing; undefined when it does. */
  #settle({ worker, settings }: Poll, { claim, outcome }: JobReport, nowMs: number): string | undefined {
    const job = this.#heldJob(claim, worker);
    // Told again, since the answer was lost.
    if (!job && outcome.type === "compacted" && this.#areKnown(outcome.outputs)) return undefined;
    if (!job) return "the job is not held by this worker any more";
    switch (outcome.type) {
      case "returned":
        this.jobs.set({ ...job, worker: "", leaseEndsMs: 0 });
        return undefined;
      case "failed":
        if (job.type === "deletion") this.#giveUpDeletion(job);
        else this.#fail(job, outcome, { maxFailures: settings.maxFailures, nowMs });
        return undefined;
      case "deleted":
        if (job.type !== "deletion") return "the job is not one of deletion";
        for (const id of job.blocks) this.tombstones.noteDeleted(id, nowMs);
        this.#complete(job);
        return undefined;
      case "compacted": {
        if (job.type !== "compaction") return "the job is not one of compaction";
        if (this.#isOutdated(job)) {
          this.jobs.set({ ...job, worker: "", leaseEndsMs: 0 });
          return "rows were deleted meanwhile that are part of sums: the job is to be done again";
        }
        const reason = this.#replaceSources(job, outcome, nowMs);
        if (reason === undefined) return undefined;
        this.#fail(job, { faults: [], reason }, { maxFailures: settings.maxFailures, nowMs });
        return reason;
      }
      default:
        return assertNever(outcome);
    }
  }

  /** The sources of a job go and its outputs come, in one step. @returns why not; nothing is changed then. */
  #replaceSources(
    job: CompactionJob,
    { outputs, ...dropped }: Extract<JobReport["outcome"], { type: "compacted" }>,
    nowMs: number,
  ): string | undefined {
    const valid: BlockMeta[] = [];
    for (const output of outputs) {
      if (output.type === "refused") return `output ${output.id}: ${output.reason}`;
      valid.push(output.block);
    }
    if (valid.some(({ id }) => this.#isKnown(id))) return "an output is known already";
    const sources = job.blocks.flatMap((id) => this.#index.get(id) ?? []);
    const deletions = this.#deletions.ofBlocks(job.blocks, job.deletionsUpTo);
    const deletingTenants = new Set(deletions.map(({ tenant }) => tenant));
    const reason = outputsRefusal(sources, valid, dropped, { job, deletingTenants });
    if (reason !== undefined) return reason;
    this.#complete(job);
    // Outputs first: the partition of a tenant's last blocks must not go between the two.
    for (const output of valid) this.addBlock(output, 0);
    for (const source of sources) this.#bury(placeOf(source), nowMs);
    return undefined;
  }

  /** A deletion came after its assignment: what was summed with other rows could not be told from them any more. */
  #isOutdated({ outputLevel, blocks, deletionsUpTo }: CompactionJob): boolean {
    if (outputLevel === 0) return false;
    const { touched } = this.#deletions;
    return blocks.some((id) => touched.get(id)?.deletions.some((number) => number > deletionsUpTo));
  }

  #complete(job: Job): void {
    this.jobs.delete(job.number);
    this.counts.note("completed", levelOf(job));
  }

  /** Sources that are at fault are put aside; without any, the job is tried again, and in the end taken apart. */
  #fail(
    job: CompactionJob,
    { faults, reason }: { faults: readonly SourceFault[]; reason: string },
    { maxFailures, nowMs }: { maxFailures: number; nowMs: number },
  ): void {
    const own = faults.filter(({ block }) => job.blocks.includes(block));
    const failures = job.failures + 1;
    if (own.length === 0 && failures < maxFailures) {
      this.jobs.set({ ...job, worker: "", leaseEndsMs: 0, failures });
      return;
    }
    const reasons = new Map(own.map((fault) => [fault.block, fault.reason]));
    const [only] = job.blocks;
    if (own.length === 0 && job.blocks.length === 1 && only !== undefined) reasons.set(only, reason);
    for (const id of job.blocks) {
      const fault = reasons.get(id);
      if (fault !== undefined) this.notes.set(id, { type: "quarantined", reason: fault, sinceMs: nowMs });
      else if (own.length === 0) this.notes.set(id, { type: "solo" });
    }
    this.#dissolve(job);
  }

  /** The sources of a job wait again, but for those that are quarantined. */
  #dissolve(job: CompactionJob): void {
    this.jobs.delete(job.number);
    this.counts.note("evicted", levelOf(job));
    for (const id of job.blocks) {
      const block = this.#index.get(id);
      if (block && !this.notes.isQuarantined(id)) this.waiting.add(placeOf(block));
    }
  }

  #giveUpDeletion(job: DeletionJob): void {
    this.jobs.delete(job.number);
    for (const id of job.blocks) this.tombstones.release(id);
  }

  /** @returns claims that are no more. */
  #renew({ worker, held, settings }: Poll, nowMs: number): JobClaim[] {
    const revoked: JobClaim[] = [];
    for (const claim of held) {
      const job = this.#heldJob(claim, worker);
      if (job) this.jobs.set({ ...job, leaseEndsMs: nowMs + settings.leaseMs });
      else revoked.push(claim);
    }
    return revoked;
  }

  #expireLeases(nowMs: number): void {
    for (const job of this.jobs.all()) {
      if (job.worker !== "" && job.leaseEndsMs < nowMs) this.jobs.set({ ...job, worker: "", leaseEndsMs: 0 });
    }
  }

  #assign(poll: Poll, nowMs: number): void {
    const { worker, settings, appliesDeletions, sumsRows } = poll;
    const room = { jobs: poll.jobCapacity, bytes: poll.byteCapacity, isEmpty: poll.held.length === 0 };
    const hold = (job: Job): void => {
      const token = ++this.#lastNumber;
      this.counts.note("assigned", levelOf(job));
      this.counts.note(job.token === 0 ? "added" : "reassigned", levelOf(job));
      const held = { ...job, token, worker, leaseEndsMs: nowMs + settings.leaseMs };
      const deletionsUpTo = appliesDeletions ? this.#deletions.table.lastNumber : 0;
      this.jobs.set(held.type === "compaction" ? { ...held, deletionsUpTo } : held);
    };
    const canDo = (blocks: readonly string[]): boolean =>
      appliesDeletions || !blocks.some((id) => this.#deletions.touched.has(id));
    const holdWaiting = (isWanted: (job: Job) => boolean): void => {
      for (const job of this.jobs.all()) {
        if (job.worker !== "" || !isWanted(job) || !canDo(job.blocks)) continue;
        if (takesRoom(room, job.type === "compaction" ? job.sizeBytes : 0)) hold(job);
      }
    };
    holdWaiting((job) => !isTierJob(job));
    // A long queue has more than one job to give.
    for (let isNew = true; isNew && room.jobs > 0;) {
      isNew = false;
      for (const batch of this.readyBatches(settings, nowMs)) {
        if (!canDo(batch.blocks.map(({ id }) => id)) || !takesRoom(room, batch.sizeBytes)) continue;
        hold(this.#beginCompaction(batch));
        isNew = true;
      }
    }
    const rewrites = appliesDeletions && room.jobs > 0 ? dueRewrites(this.#rewriteView(settings, nowMs)) : [];
    for (const block of rewrites) if (takesRoom(room, block.sizeBytes)) hold(this.#beginRewrite(block));
    if (room.jobs > 0) {
      const deletion = this.#beginDeletion(settings, nowMs);
      if (deletion && takesRoom(room, 0)) hold(deletion);
    }
    // What is gathered or summed has time.
    if (sumsRows) holdWaiting(isTierJob);
  }

  #beginCompaction(batch: ReadyBatch | TierBatch): CompactionJob {
    const { blocks, tenant, shard, level, sizeBytes } = batch;
    for (const block of blocks) this.waiting.remove(block);
    const number = ++this.#lastNumber;
    const ids = blocks.map(({ id }) => id);
    const job = { type: "compaction" as const, number, tenant, shard, level, sizeBytes, blocks: ids };
    const outputLevel = "outputLevel" in batch ? batch.outputLevel : 0;
    return { ...job, isRewrite: false, outputLevel, deletionsUpTo: 0, ...UNASSIGNED };
  }

  /** A segment becomes blocks of level 1, as always. */
  #beginRewrite(block: BlockPlace): CompactionJob {
    const { tenant, shard, level, sizeBytes } = block;
    const job = this.#beginCompaction({ blocks: [block], tenant, shard, level, sizeBytes });
    return { ...job, isRewrite: level > 0 };
  }

  #rewriteView({ rewriteDelayMs }: CompactionSettings, nowMs: number): RewriteView {
    const { jobs, notes } = this;
    return { touched: this.#deletions.touched, jobs, notes, nowMs, rewriteDelayMs };
  }

  #beginDeletion(settings: CompactionSettings, nowMs: number): DeletionJob | undefined {
    const blocks = this.tombstones.take(settings.deletionBatch, nowMs - settings.tombstoneDelayMs);
    if (blocks.length === 0) return undefined;
    return { type: "deletion", number: ++this.#lastNumber, blocks, ...UNASSIGNED };
  }

  #unnamed({ worker, held }: Poll): JobClaim[] {
    const named = new Set(held.map(({ job }) => job));
    const claims: JobClaim[] = [];
    for (const job of this.jobs.all()) {
      if (job.worker === worker && !named.has(job.number)) claims.push({ job: job.number, token: job.token });
    }
    return claims;
  }

  #heldJob({ job: number, token }: JobClaim, worker: string): Job | undefined {
    const job = this.jobs.get(number);
    return job?.token === token && job.worker === worker ? job : undefined;
  }

  #areKnown(outputs: readonly CheckedBlock[]): boolean {
    return (
      outputs.length > 0 &&
      outputs.every((output) => output.type === "valid" && this.#wasRegistered(output.block.id))
    );
  }

  /** Whether it is registered, or was, or is given up. */
  #isKnown(id: string): boolean {
    return this.tombstones.has(id) || this.#index.has(id);
  }

  #wasRegistered(id: string): boolean {
    return this.#isKnown(id) && this.tombstones.get(id)?.isOrphan !== true;
  }

  #stopWaiting(id: string): void {
    const block = this.#index.get(id);
    if (block) this.waiting.remove(placeOf(block));
  }
}

const UNASSIGNED = { token: 0, worker: "", leaseEndsMs: 0, failures: 0 };

/** A job that alone is larger than a worker's room is only given to one that has nothing else. */
function takesRoom(room: { jobs: number; bytes: number; isEmpty: boolean }, sizeBytes: number): boolean {
  if (room.jobs === 0 || (sizeBytes > room.bytes && !room.isEmpty)) return false;
  room.jobs--;
  room.bytes -= Math.min(room.bytes, sizeBytes);
  room.isEmpty = false;
  return true;
}
