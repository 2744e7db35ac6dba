import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import {
  JobReportSchema,
  PollJobsRequestSchema,
  SourceFaultKind,
  type JobReport,
} from "@hearth/proto/hearth/metastore/v1";
import { seededRandom, type Random } from "@hearth/runtime";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { checkCompaction } from "../../src/compaction/invariants.ts";
import type { JobClaim } from "../../src/compaction/job-table.ts";
import {
  encodeAddBlocks,
  encodeNoteOrphans,
  encodePollJobs,
  STATE_VERSION,
} from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";
import { mergedBlocks, rowsOf } from "../support/merged-blocks.ts";
import { slowDigest } from "../support/slow-digest.ts";

const SEEDS = 12;
const STEPS = 120;
/** Looking at every block after every step would take most of the time. */
const CHECK_EVERY = 4;
const HOUR_MS = 3_600_000;

/** A worker as the state sees it: it knows its claims, loses answers, and may speak long after its lease ended. */
interface Worker {
  name: string;
  claims: JobClaim[];
}

class Run {
  readonly random: Random;
  state = new MetastoreState();
  nowMs = START_MS;
  rows = 0;
  givenUp = 0;
  readonly #orphans: BlockMeta[] = [];
  readonly workers: Worker[] = [1, 2, 3].map((n) => ({ name: `w${n}`, claims: [] }));

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  step(): void {
    const kind = this.random.next();
    this.nowMs += Math.floor(this.random.next() * (kind < 0.02 ? HOUR_MS : 8_000));
    if (kind < 0.24) this.#register();
    else if (kind < 0.3) this.#sweep();
    else if (kind < 0.33) this.#restart();
    else this.#poll(this.#pick(this.workers));
  }

  get rowsNow(): number {
    const { index } = this.state;
    return [...index.places()].reduce((sum, { id }) => sum + rowsOf(index.get(id)!.datasets), 0);
  }

  #register(): void {
    const blocks = Array.from({ length: 1 + Math.floor(this.random.next() * 6) }, () => this.#segment());
    // Some come twice.
    const sent = this.random.next() < 0.3 ? [...blocks, ...blocks] : blocks;
    this.state.apply(
      encodeAddBlocks(
        sent.map((one) => blockMetaToWire(one)),
        this.#envelope(),
      ),
    );
    for (const { datasets } of blocks) this.rows += rowsOf(datasets);
  }

  /** Finds some of what nobody registered, some of what somebody did, and forgets some. */
  #sweep(): void {
    this.#orphans.push(this.#segment());
    const registered = [...this.state.index.places()].slice(0, 3);
    const found = [...this.#orphans, ...registered].filter(() => this.random.next() < 0.95);
    const notes = {
      objects: found.map(({ id, tenant, shard, level, sizeBytes }) => ({
        id,
        tenant,
        shard,
        level: Math.min(level, 1),
        sizeBytes,
      })),
      sweepBeganMs: this.state.lastStampMs,
      isLast: this.random.next() < 0.8,
      graceMs: 20_000,
      includesOld: this.random.next() < 0.8,
    };
    const result = this.state.apply(encodeNoteOrphans(notes, this.#envelope()));
    if (result.type !== "orphans-noted") throw new Error(`a sweep came to ${result.type}`);
    this.givenUp += result.removed;
  }

  #segment(): BlockMeta {
    const tenants = ["acme", "globex", "umbrella"].filter(() => this.random.next() < 0.6);
    const datasets = (tenants.length > 0 ? tenants : ["acme"]).map((tenant) =>
      dataset({ tenant, profileCount: 1 + Math.floor(this.random.next() * 9) }),
    );
    const skewMs = Math.floor((this.random.next() - 0.5) * 20_000);
    return block(ulidAt(this.nowMs + skewMs, this.random), {
      shard: 1 + Math.floor(this.random.next() * 2),
      datasets,
      sizeBytes: 1_000 + Math.floor(this.random.next() * 50_000_000),
    });
  }

  #poll(worker: Worker): void {
    if (this.random.next() < 0.05) Object.assign(worker, { name: `${worker.name}'`, claims: [] });
    const done = worker.claims.filter(() => this.random.next() < 0.5);
    const held = worker.claims.filter((claim) => !done.includes(claim) && this.random.next() < 0.95);
    const request = create(PollJobsRequestSchema, {
      worker: worker.name,
      jobCapacity: Math.floor(this.random.next() * 4),
      byteCapacity: BigInt(Math.floor(this.random.next() * 500_000_000)),
      held: held.map(({ job, token }) => ({ job: BigInt(job), token: BigInt(token) })),
      reports: done.map((claim) => this.#report(claim)),
    });
    const command = encodePollJobs(request, defaultCompactionSettings, this.#envelope());
    const result = this.state.apply(command);
    // The log may hold it twice, since a leader that went had proposed it.
    if (this.random.next() < 0.1) this.state.apply(command);
    if (result.type !== "jobs-polled") throw new Error(`a poll came to ${result.type}`);
    if (this.random.next() < 0.15) return;
    worker.claims = [...held, ...result.assigned];
  }

  #report({ job, token }: JobClaim): JobReport {
    const claim = { job: BigInt(job), token: BigInt(token) };
    const sources = this.#sourcesOf(job);
    const kind = this.random.next();
    if (kind < 0.1) return create(JobReportSchema, { claim, outcome: { case: "returned", value: {} } });
    if (kind < 0.2) {
      const faulty = sources.filter(() => this.random.next() < 0.1);
      const faults = faulty.map(({ id }) => ({ block: id, kind: SourceFaultKind.MISSING, reason: "gone" }));
      return create(JobReportSchema, {
        claim,
        outcome: { case: "failed", value: { reason: "broke", faults } },
      });
    }
    if (sources.length === 0)
      return create(JobReportSchema, { claim, outcome: { case: "deleted", value: {} } });
    const outputs = mergedBlocks(sources, this.random).map((one) => blockMetaToWire(one));
    // Now and then it loses something: that must not become part of the state.
    if (this.random.next() < 0.05) outputs.pop();
    return create(JobReportSchema, { claim, outcome: { case: "compacted", value: { outputs } } });
  }

  #sourcesOf(number: number): BlockMeta[] {
    const job = this.state.compaction.jobs.get(number);
    return job?.type === "compaction" ? job.blocks.flatMap((id) => this.state.index.get(id) ?? []) : [];
  }

  #restart(): void {
    const decoder = new StateDecoder();
    for (const frame of encodeState(this.state.capture())) decoder.add(frame);
    const { state } = this;
    this.state = decoder.finish();
    if (this.state.digest() !== state.digest()) throw new Error("another state after a restart");
  }

  #envelope() {
    const stampNanos = BigInt(this.nowMs) * 1_000_000n;
    return { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.next() * from.length)]!;
  }
}

describe("compaction under workers that lose answers, end, and come back late", () => {
  it("loses no row, has each block in one place, and is the same after a restart", () => {
    let compacted = 0;
    let givenUp = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const run = new Run(seed);
      for (let n = 0; n < STEPS; n++) {
        run.step();
        const { index } = run.state;
        if (n % CHECK_EVERY !== 0) continue;
        const problems = checkCompaction(index, run.state);
        if (problems.length > 0) throw new Error(`seed=${seed} step=${n}: ${problems.join("; ")}`);
      }
      expect({ seed, rows: run.rowsNow }).toEqual({ seed, rows: run.rows });
      expect(run.state.digest()).toBe(slowDigest(run.state));
      compacted += [...run.state.compaction.tombstones.all()].length;
      givenUp += run.givenUp;
    }
    expect(compacted).toBeGreaterThan(SEEDS * 20);
    expect(givenUp).toBeGreaterThan(SEEDS);
  });
});
