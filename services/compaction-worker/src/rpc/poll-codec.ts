import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { blockMetaFromWire, blockMetaToWire, type BlockMeta } from "@hearth/block";
import { deletionFromWire } from "@hearth/deletions";
import { assertNever, DataLossError, DomainError } from "@hearth/errors";
import {
  JobReportSchema,
  PollJobsRequestSchema,
  SourceFaultKind,
  type CompactionJob as WireCompactionJob,
  type DeletionJob as WireDeletionJob,
  type JobClaim as WireClaim,
  type JobReport as WireReport,
  type PollJobsRequest,
  type PollJobsResponse,
} from "@hearth/proto/hearth/metastore/v1";

import type { Poll, PollAnswer } from "../jobs/held-jobs.ts";
import type { Job, JobClaim, JobOutcome, JobReport } from "../jobs/job.ts";

/** Largest number on the wire for capacities: 32 bits. */
const MAX_UINT32 = 0xffff_ffff;

type Unreadable = PollAnswer["unreadable"][number];

export function encodePoll(worker: string, poll: Poll): PollJobsRequest {
  return create(PollJobsRequestSchema, {
    worker,
    jobCapacity: Math.min(poll.jobCapacity, MAX_UINT32),
    byteCapacity: BigInt(poll.byteCapacity),
    held: poll.held.map(encodeClaim),
    reports: poll.reports.map(encodeReport),
    appliesDeletions: true,
    sumsRows: true,
  });
}

/** Bytes of a report in a poll. */
export function reportSizeBytes(report: JobReport): number {
  return toBinary(JobReportSchema, encodeReport(report)).length;
}

/** @throws {DataLossError} when a number is out of range. */
export function decodeAnswer(response: PollJobsResponse): PollAnswer {
  const unreadable: Unreadable[] = [];
  const jobs = [
    ...response.compactions.map((job) => readable(job, decodeCompaction, unreadable)),
    ...response.deletions.map((job) => readable(job, decodeDeletion, unreadable)),
  ].filter((job) => job !== undefined);
  return {
    jobs,
    unreadable,
    revoked: response.revoked.map(decodeClaim),
    refusals: response.refusals.map(({ claim, reason }) => ({ claim: decodeClaim(claim), reason })),
    // Where none is named, leases do not end.
    leaseMs: toNumber(response.leaseMs) || Infinity,
  };
}

function readable<W extends WireCompactionJob | WireDeletionJob>(
  wire: W,
  decode: (wire: W) => Job,
  unreadable: Unreadable[],
): Job | undefined {
  try {
    return decode(wire);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    unreadable.push({ claim: decodeClaim(wire.claim), reason: error.message });
    return undefined;
  }
}

function decodeCompaction(wire: WireCompactionJob): Job {
  const { shard, level, isRewrite, outputLevel } = wire;
  const sources = wire.sources.map(blockMetaFromWire);
  const list = wire.deletions.map(deletionFromWire);
  const deletions = { list, upTo: toNumber(wire.deletionsApplied), isRewrite };
  const claim = decodeClaim(wire.claim);
  return { type: "compaction", claim, shard, level, sources, deletions, outputLevel };
}

function decodeDeletion(wire: WireDeletionJob): Job {
  const objects = wire.objects.map(({ block, tenant, shard, level }) => ({
    id: block,
    tenant,
    shard,
    level,
  }));
  return { type: "deletion", claim: decodeClaim(wire.claim), objects };
}

function encodeReport({ claim, outcome }: JobReport): WireReport {
  return create(JobReportSchema, { claim: encodeClaim(claim), outcome: encodeOutcome(outcome) });
}

function encodeOutcome(outcome: JobOutcome): MessageInitShape<typeof JobReportSchema>["outcome"] & {} {
  switch (outcome.type) {
    case "compacted": {
      const deletedRows = Array.from(outcome.deletedRows, ([tenant, rows]) => ({
        tenant,
        rows: BigInt(rows),
      }));
      const outputs = outcome.outputs.map((meta) => blockMetaToWire(indexed(meta)));
      return {
        case: "compacted",
        value: {
          outputs,
          repeatedRows: BigInt(outcome.repeatedRows),
          deletedRows,
          summedRows: BigInt(outcome.summedRows),
        },
      };
    }
    case "deleted":
      return { case: "deleted", value: {} };
    case "failed": {
      const faults = outcome.faults.map(({ block, kind, reason }) => ({
        block,
        kind: kind === "missing" ? SourceFaultKind.MISSING : SourceFaultKind.DAMAGED,
        reason,
      }));
      return { case: "failed", value: { reason: outcome.reason, faults } };
    }
    case "returned":
      return { case: "returned", value: {} };
    default:
      return assertNever(outcome);
  }
}

/** What a block was made from is in the object: the index does without, but for what it must know of deletions. */
function indexed({ origin, ...meta }: BlockMeta): BlockMeta {
  const deletionsApplied = origin?.deletionsApplied;
  if (deletionsApplied === undefined) return meta;
  return { ...meta, origin: { sources: [], outputCount: 0, deletionsApplied } };
}

function encodeClaim({ job, token }: JobClaim): MessageInitShape<typeof JobReportSchema>["claim"] & {} {
  return { job: BigInt(job), token: BigInt(token) };
}

function decodeClaim(wire: WireClaim | undefined): JobClaim {
  return { job: toNumber(wire?.job ?? 0n), token: toNumber(wire?.token ?? 0n) };
}

function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new DataLossError(`number is out of range: value=${value}`);
  return number;
}
