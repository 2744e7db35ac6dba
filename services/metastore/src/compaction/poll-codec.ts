import { create } from "@bufbuild/protobuf";
import {
  CompactionLevelSchema,
  CompactionSettingsSchema,
  type CompactionSettings as WireSettings,
  type JobClaim as WireClaim,
  type JobReport as WireReport,
  type PollJobsCommand,
} from "@hearth/proto/hearth/metastore/v1";
import { SourceFaultKind } from "@hearth/proto/hearth/metastore/v1";
import { checkWireBlock } from "../index-state/check-wire-block.ts";
import { MAX_LEVEL, type CompactionSettings } from "./compaction-settings.ts";
import type { JobClaim } from "./job-table.ts";
import type { JobOutcome, JobReport, Poll } from "./poll.ts";

const MAX_NAME_LENGTH = 256;
const MAX_REASON_LENGTH = 1_000;
/** More than any job takes. */
const MAX_COUNT = 100_000;

/** Reads a poll from the log, where anything may be. @returns why it is none, in words. */
export function pollFromWire({ request, settings }: PollJobsCommand): Poll | string {
  if (!request || !settings) return "the poll is not complete";
  if (request.worker === "" || request.worker.length > MAX_NAME_LENGTH) return "the worker has no name";
  const plan = settingsFromWire(settings);
  if (!plan) return "the settings of compaction are out of range";
  const held = request.held.map(claimFromWire);
  const reports = request.reports.map(reportFromWire);
  const byteCapacity = Number(request.byteCapacity);
  if (held.includes(undefined) || reports.includes(undefined) || !Number.isSafeInteger(byteCapacity)) {
    return "a number of the poll is out of range";
  }
  return {
    worker: request.worker,
    jobCapacity: Math.min(request.jobCapacity, MAX_COUNT),
    byteCapacity,
    held: held.filter((claim) => claim !== undefined),
    reports: reports.filter((report) => report !== undefined),
    settings: plan,
    appliesDeletions: request.appliesDeletions,
    sumsRows: request.sumsRows,
  };
}

export function settingsToWire(settings: CompactionSettings): WireSettings {
  return create(CompactionSettingsSchema, {
    levels: settings.levels.map(({ maxBlocks, maxBytes, maxAgeMs }) =>
      create(CompactionLevelSchema, { maxBlocks, maxBytes: BigInt(maxBytes), maxAgeMs: BigInt(maxAgeMs) }),
    ),
    leaseMs: BigInt(settings.leaseMs),
    maxFailures: settings.maxFailures,
    tombstoneDelayMs: BigInt(settings.tombstoneDelayMs),
    deletionBatch: settings.deletionBatch,
    rewriteDelayMs: BigInt(settings.rewriteDelayMs),
    deletionKeepMs: BigInt(settings.deletionKeepMs),
    loneAgeMs: BigInt(settings.loneAgeMs),
  });
}

function settingsFromWire(wire: WireSettings): CompactionSettings | undefined {
  const levels = wire.levels.map((level) => ({
    maxBlocks: level.maxBlocks,
    maxBytes: Number(level.maxBytes),
    maxAgeMs: Number(level.maxAgeMs),
  }));
  const settings = {
    levels,
    leaseMs: Number(wire.leaseMs),
    maxFailures: wire.maxFailures,
    tombstoneDelayMs: Number(wire.tombstoneDelayMs),
    deletionBatch: wire.deletionBatch,
    // Of a leader that knew of no deletions, or of no lone blocks: absent, and of no effect.
    rewriteDelayMs: Number(wire.rewriteDelayMs),
    deletionKeepMs: Number(wire.deletionKeepMs),
    loneAgeMs: Number(wire.loneAgeMs),
  };
  const { leaseMs, maxFailures, tombstoneDelayMs, deletionBatch, rewriteDelayMs, deletionKeepMs, loneAgeMs } =
    settings;
  const isValid =
    levels.length === MAX_LEVEL &&
    levels.every((level) => isCount(level.maxBlocks) && isSafe(level.maxBytes) && isSafe(level.maxAgeMs)) &&
    isSafe(leaseMs) &&
    isCount(maxFailures) &&
    isSafe(tombstoneDelayMs) &&
    isSafe(rewriteDelayMs) &&
    isSafe(deletionKeepMs) &&
    isSafe(loneAgeMs) &&
    isCount(deletionBatch);
  return isValid ? settings : undefined;
}

function reportFromWire({ claim, outcome }: WireReport): JobReport | undefined {
  const read = claim && claimFromWire(claim);
  const result = outcomeFromWire(outcome);
  return read && result && { claim: read, outcome: result };
}

function outcomeFromWire(outcome: WireReport["outcome"]): JobOutcome | undefined {
  switch (outcome.case) {
    case "compacted": {
      const repeatedRows = Number(outcome.value.repeatedRows);
      const summedRows = Number(outcome.value.summedRows);
      const deletedRows = new Map(
        outcome.value.deletedRows.map(({ tenant, rows }) => [tenant, Number(rows)] as const),
      );
      if (![repeatedRows, summedRows, ...deletedRows.values()].every(isSafe)) return undefined;
      const outputs = outcome.value.outputs.map(checkWireBlock);
      return { type: "compacted", outputs, repeatedRows, deletedRows, summedRows };
    }
    case "failed": {
      const faults = outcome.value.faults.map(({ block, kind, reason }) => ({
        block,
        reason: shortened(kind === SourceFaultKind.MISSING ? `its object is missing: ${reason}` : reason),
      }));
      return { type: "failed", reason: shortened(outcome.value.reason), faults };
    }
    case "deleted":
    case "returned":
      return { type: outcome.case };
    default:
      return undefined;
  }
}

function claimFromWire({ job, token }: WireClaim): JobClaim | undefined {
  const claim = { job: Number(job), token: Number(token) };
  return isSafe(claim.job) && isSafe(claim.token) ? claim : undefined;
}

function shortened(reason: string): string {
  return reason.slice(0, MAX_REASON_LENGTH).toWellFormed();
}

function isCount(value: number): boolean {
  return value >= 1 && value <= MAX_COUNT;
}

function isSafe(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
