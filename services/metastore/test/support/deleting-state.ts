import { create } from "@bufbuild/protobuf";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import {
  JobReportSchema,
  PollJobsRequestSchema,
  type PollJobsRequest,
} from "@hearth/proto/hearth/metastore/v1";
import {
  defaultCompactionSettings,
  type CompactionSettings,
} from "../../src/compaction/compaction-settings.ts";
import { checkCompaction } from "../../src/compaction/invariants.ts";
import type { PollResult } from "../../src/compaction/poll.ts";
import type { DeletionRequest } from "../../src/deletions/deletion.ts";
import {
  encodeAddBlocks,
  encodeExpireBlocks,
  encodePlanTiers,
  encodePollJobs,
  encodeRequestDeletion,
  STATE_VERSION,
} from "../../src/index-state/command-codec.ts";
import type { CommandResult } from "../../src/index-state/command-result.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { queryLabels, queryMetadata } from "../../src/index-state/query.ts";
import { START_MS } from "./blocks.ts";
import { deletionRequest } from "./deletions.ts";

/** A state in which rows are deleted, and one worker. What must always hold is looked at after each command. */
export class DeletingState {
  state = new MetastoreState();
  /** The time of the log: a day after the data of the blocks. */
  nowMs = START_MS + 24 * 3_600_000;
  readonly settings: CompactionSettings;

  constructor(settings: Partial<CompactionSettings> = {}) {
    // Blocks are as old as lone ones there: they wait nevertheless.
    this.settings = { ...defaultCompactionSettings, loneAgeMs: 0, ...settings };
  }

  register(...blocks: readonly BlockMeta[]): void {
    const wire = blocks.map((one) => blockMetaToWire(one));
    this.#apply(encodeAddBlocks(wire, this.#envelope()));
  }

  request(sketch: Partial<DeletionRequest> = {}): CommandResult {
    return this.#apply(encodeRequestDeletion(deletionRequest(sketch), this.#envelope()));
  }

  /** @returns the number of the deletion. @throws when it is not granted. */
  delete(sketch: Partial<DeletionRequest> = {}): number {
    const result = this.request(sketch);
    if (result.type !== "deletion-requested") throw new Error(JSON.stringify(result));
    return result.number;
  }

  poll(sketch: Partial<Omit<PollJobsRequest, "$typeName" | "$unknown">> = {}): PollResult {
    const request = create(PollJobsRequestSchema, {
      worker: "w",
      jobCapacity: 100,
      byteCapacity: 1_000_000_000_000n,
      appliesDeletions: true,
      ...sketch,
    });
    const result = this.#apply(encodePollJobs(request, this.settings, this.#envelope()));
    if (result.type !== "jobs-polled") throw new Error(JSON.stringify(result));
    return result;
  }

  /** Reports that a job is done. */
  finish(
    claim: { readonly job: number; readonly token: number },
    outputs: readonly BlockMeta[],
    deletedRows: Readonly<Record<string, number>> = {},
    summedRows = 0,
  ): PollResult {
    const report = {
      $typeName: "hearth.metastore.v1.JobReport" as const,
      claim: {
        $typeName: "hearth.metastore.v1.JobClaim" as const,
        job: BigInt(claim.job),
        token: BigInt(claim.token),
      },
      outcome: {
        case: "compacted" as const,
        value: {
          $typeName: "hearth.metastore.v1.JobCompacted" as const,
          outputs: outputs.map((one) => blockMetaToWire(one)),
          repeatedRows: 0n,
          deletedRows: Object.entries(deletedRows).map(([tenant, rows]) => ({
            $typeName: "hearth.metastore.v1.TenantRows" as const,
            tenant,
            rows: BigInt(rows),
          })),
          summedRows: BigInt(summedRows),
        },
      },
    };
    return this.poll({ reports: [report], jobCapacity: 0 });
  }

  /** Has the days of acme summed that ended before `beforeMs`. */
  planTiers(beforeMs: number, level = 5): CommandResult {
    const cutoffs = [{ tenant: "acme", level, beforeMs }];
    return this.#apply(
      encodePlanTiers({ cutoffs, maxJobs: 10, maxBlocks: 10, maxBytes: 1e9 }, this.#envelope()),
    );
  }

  expire(beforeMs: number): CommandResult {
    return this.#apply(
      encodeExpireBlocks({ cutoffs: new Map([["acme", beforeMs]]), maxBlocks: 100 }, this.#envelope()),
    );
  }

  /** Reports that a job cannot be done. */
  fail(claim: { readonly job: number; readonly token: number }): PollResult {
    const reports = [
      create(JobReportSchema, {
        claim: { job: BigInt(claim.job), token: BigInt(claim.token) },
        outcome: { case: "failed", value: { reason: "it broke" } },
      }),
    ];
    return this.poll({ reports, jobCapacity: 0 });
  }

  /** As a node that starts from a snapshot. */
  restart(): void {
    const decoder = new StateDecoder();
    for (const frame of encodeState(this.state.capture())) decoder.add(frame);
    this.state = decoder.finish();
  }

  /** All objects of tombstones are gone. */
  removeObjects(): void {
    this.nowMs += this.settings.tombstoneDelayMs;
    for (const { job, token } of this.poll().assigned) {
      const claim = {
        $typeName: "hearth.metastore.v1.JobClaim" as const,
        job: BigInt(job),
        token: BigInt(token),
      };
      const deleted = { $typeName: "hearth.metastore.v1.JobDeleted" as const };
      const outcome = { case: "deleted" as const, value: deleted };
      const report = { $typeName: "hearth.metastore.v1.JobReport" as const, claim, outcome };
      if (this.state.compaction.jobs.get(job)?.type === "deletion")
        this.poll({ reports: [report], jobCapacity: 0 });
    }
  }

  /** Services of a tenant that queries see, and numbers of deletions that they have to heed. */
  visible(tenant = "acme"): string[] {
    const { index, deletions } = this.state;
    const query = { tenants: [tenant], startMs: 0, endMs: Infinity, predicates: [] };
    return queryMetadata(index, deletions.scopes, query).flatMap((block) => {
      const numbers = block.deletions.map(({ number }) => number - this.firstNumber);
      return block.read().datasets.map(({ service }) => [service, ...numbers].join("-"));
    });
  }

  /** Of the first deletion of this state. */
  get firstNumber(): number {
    return Math.min(...Array.from(this.state.deletions.table.all(), ({ number }) => number));
  }

  labels(tenant = "acme") {
    const { index, deletions } = this.state;
    const query = { tenants: [tenant], startMs: 0, endMs: Infinity, predicates: [] };
    return queryLabels(index, deletions.scopes, {
      ...query,
      labelNames: ["service_name", "__profile_type__"],
    });
  }

  #apply(command: Uint8Array): CommandResult {
    const result = this.state.apply(command);
    const problems = checkCompaction(this.state.index, this.state);
    if (problems.length > 0) throw new Error(problems.join("; "));
    return result;
  }

  #envelope() {
    return {
      version: STATE_VERSION,
      stampNanos: BigInt(this.nowMs) * 1_000_000n,
      requestId: new Uint8Array(),
    };
  }
}
