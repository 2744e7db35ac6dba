import { create } from "@bufbuild/protobuf";
import { blockMetaFromWire, blockMetaToWire, type BlockMeta } from "@hearth/block";
import { UnavailableError } from "@hearth/errors";
import {
  PollJobsResponseSchema,
  type JobClaim,
  type JobReport,
  type PollJobsRequest,
  type PollJobsResponse,
} from "@hearth/proto/hearth/metastore/v1";
import type { Clock } from "@hearth/runtime";

import type { JobSource } from "../../src/compaction-worker.ts";

/** What happens to one poll. */
export interface PollFault {
  /** It does not arrive. */
  readonly error?: Error;
  /** It is done, and the answer does not arrive. */
  readonly replyIsLost?: boolean;
  readonly delayMs?: number;
}

interface FakeJob {
  readonly number: number;
  readonly type: "compaction" | "deletion";
  readonly blocks: readonly BlockMeta[];
  token: number;
  /** Undefined while it waits. */
  holder: string | undefined;
  leaseEndMs: number;
  failureCount: number;
}

export const LEASE_MS = 15_000;
const BLOCKS_IN_A_JOB = 4;
const HIGHEST_LEVEL = 3;

/** The metastore's side of compaction, in plain form: jobs of four blocks of one tenant and level, up to level 3. */
export class FakeMetastore implements JobSource {
  readonly index = new Map<string, BlockMeta>();
  readonly jobs = new Map<number, FakeJob>();
  readonly quarantined = new Set<string>();
  readonly requests: PollJobsRequest[] = [];
  /** Reports that were taken, by outcome. */
  readonly taken: JobReport[] = [];
  readonly #clock: Clock;
  readonly #plan: (request: PollJobsRequest) => PollFault;
  readonly #waiting: { readonly outcome: JobReport["outcome"]["case"]; readonly resolve: () => void }[] = [];
  #jobCount = 0;

  constructor(clock: Clock, plan: (request: PollJobsRequest) => PollFault = () => ({})) {
    this.#clock = clock;
    this.#plan = plan;
  }

  register(...blocks: readonly BlockMeta[]): void {
    for (const block of blocks) this.index.set(block.id, block);
  }

  addJob(type: FakeJob["type"], blocks: readonly BlockMeta[]): void {
    const number = ++this.#jobCount;
    this.jobs.set(number, {
      number,
      type,
      blocks,
      token: 0,
      holder: undefined,
      leaseEndMs: 0,
      failureCount: 0,
    });
  }

  /** Resolves when a report with this outcome was taken; to be asked for before. */
  whenTaken(outcome: JobReport["outcome"]["case"]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ outcome, resolve });
    return promise;
  }

  /** Every claim is void: all jobs wait again. */
  revokeAll(): void {
    for (const job of this.jobs.values()) job.holder = undefined;
  }

  /** Another worker has all jobs that nobody has, for as long as a lease. */
  giveAway(): void {
    for (const job of this.jobs.values()) if (job.holder === undefined) this.#assign(job, "another worker");
  }

  async pollJobs(request: PollJobsRequest, signal: AbortSignal): Promise<PollJobsResponse> {
    const fault = this.#plan(request);
    this.requests.push(request);
    if (fault.delayMs !== undefined) await this.#clock.sleep(fault.delayMs, signal);
    if (fault.error) throw fault.error;
    const response = this.#answer(request);
    if (fault.replyIsLost) throw new UnavailableError("connection lost");
    return response;
  }

  #answer({ worker, jobCapacity, byteCapacity, held, reports }: PollJobsRequest): PollJobsResponse {
    this.#endLeases();
    const refusals = reports.flatMap((report) => this.#take(worker, report));
    const revoked = held.filter((claim) => this.#find(worker, claim) === undefined);
    for (const claim of held) {
      const job = this.#find(worker, claim);
      if (job) job.leaseEndMs = this.#clock.nowMs() + LEASE_MS;
    }
    const named = new Set(held.map(({ job }) => Number(job)));
    const offered = this.#heldBy(worker).filter(({ number }) => !named.has(number));
    const assigned = this.#assignNew(worker, jobCapacity, Number(byteCapacity));
    const jobs = [...offered, ...assigned];
    return create(PollJobsResponseSchema, {
      compactions: jobs.filter(({ type }) => type === "compaction").map(compactionOf),
      deletions: jobs.filter(({ type }) => type === "deletion").map(deletionOf),
      revoked,
      refusals,
      leaseMs: BigInt(LEASE_MS),
    });
  }

  #endLeases(): void {
    for (const job of this.jobs.values()) {
      if (job.holder !== undefined && job.leaseEndMs < this.#clock.nowMs()) job.holder = undefined;
    }
  }

  #take(worker: string, report: JobReport): { claim: JobClaim; reason: string }[] {
    const claim = report.claim!;
    const job = this.#find(worker, claim);
    if (job === undefined) return [{ claim, reason: "no such claim" }];
    this.taken.push(report);
    const { outcome } = report;
    for (const waiter of this.#waiting) if (waiter.outcome === outcome.case) waiter.resolve();
    if (outcome.case === "returned") job.holder = undefined;
    else this.jobs.delete(job.number);
    if (outcome.case === "compacted") this.#replace(job, outcome.value.outputs.map(blockMetaFromWire));
    if (outcome.case === "failed") {
      for (const { block } of outcome.value.faults) this.quarantined.add(block);
      if (job.type === "deletion") this.addJob("deletion", job.blocks);
    }
    return [];
  }

  #replace(job: FakeJob, outputs: readonly BlockMeta[]): void {
    for (const { id } of job.blocks) this.index.delete(id);
    this.register(...outputs);
    this.addJob("deletion", job.blocks);
  }

  #find(worker: string, { job, token }: JobClaim): FakeJob | undefined {
    const known = this.jobs.get(Number(job));
    return known?.holder === worker && BigInt(known.token) === token ? known : undefined;
  }

  #heldBy(worker: string): FakeJob[] {
    return [...this.jobs.values()].filter(({ holder }) => holder === worker);
  }

  #assignNew(worker: string, jobCapacity: number, byteCapacity: number): FakeJob[] {
    this.#planJobs();
    let bytes = byteCapacity;
    const assigned: FakeJob[] = [];
    for (const job of this.jobs.values()) {
      if (job.holder !== undefined) continue;
      const size = job.type === "deletion" ? 0 : sizeOf(job.blocks);
      const isAlone = this.#heldBy(worker).length === 0;
      if (assigned.length >= jobCapacity || (size > bytes && !isAlone)) continue;
      bytes -= size;
      this.#assign(job, worker);
      assigned.push(job);
    }
    return assigned;
  }

  #assign(job: FakeJob, worker: string): void {
    job.holder = worker;
    job.token++;
    job.leaseEndMs = this.#clock.nowMs() + LEASE_MS;
  }

  #planJobs(): void {
    const inJobs = new Set([...this.jobs.values()].flatMap(({ blocks }) => blocks.map(({ id }) => id)));
    const queues = Map.groupBy(
      [...this.index.values()].filter(
        ({ id, level }) => level < HIGHEST_LEVEL && !inJobs.has(id) && !this.quarantined.has(id),
      ),
      ({ tenant, shard, level }) => `${shard}/${tenant}/${level}`,
    );
    for (const queue of queues.values()) {
      const sorted = queue.sort((a, b) => (a.id < b.id ? -1 : 1));
      for (let at = 0; at + 2 <= sorted.length; at += BLOCKS_IN_A_JOB) {
        this.addJob("compaction", sorted.slice(at, at + BLOCKS_IN_A_JOB));
      }
    }
  }
}

function compactionOf({ number, token, blocks }: FakeJob) {
  const { shard, level } = blocks[0]!;
  return { claim: claimOf(number, token), shard, level, sources: blocks.map(blockMetaToWire) };
}

function deletionOf({ number, token, blocks }: FakeJob) {
  const objects = blocks.map(({ id, tenant, shard, level }) => ({ block: id, tenant, shard, level }));
  return { claim: claimOf(number, token), objects };
}

function claimOf(job: number, token: number): { job: bigint; token: bigint } {
  return { job: BigInt(job), token: BigInt(token) };
}

function sizeOf(blocks: readonly BlockMeta[]): number {
  return blocks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
