import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { FailedPreconditionError, InvalidArgumentError, invariant } from "@hearth/errors";
import {
  CompactionAdminService,
  GetCompactionReportResponseSchema,
  type JobStatusSchema,
  type LevelReportSchema,
  ReleaseBlocksResponseSchema,
  type TenantReportSchema,
  type GetCompactionReportResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import { isUlid } from "@hearth/runtime";
import type { CommandProposer } from "../command-proposer.ts";
import {
  compactionReport,
  type CompactionReport,
  type LevelReport,
  type ReportSettings,
  type TenantReport,
} from "../compaction/compaction-report.ts";
import type { Job } from "../compaction/job-table.ts";
import type { BlockPlace } from "../index-state/block-place.ts";
import { encodeReleaseBlocks, RELEASE_VERSION } from "../index-state/command-codec.ts";
import type { StateReader } from "./state-reader.ts";

export interface CompactionAdminDeps {
  readonly reader: StateReader;
  readonly proposer: CommandProposer;
  readonly settings: ReportSettings;
}

/** Of ids in one request: what an operator names by hand, or a script found. */
const MAX_IDS = 10_000;

/** `CompactionAdminService`: what operators see and do of compaction. */
export function compactionAdminService(deps: CompactionAdminDeps): ServiceRegistration {
  return implement(CompactionAdminService, {
    getCompactionReport: (_request, context) =>
      deps.reader.read(context.signal, (state) => reportToWire(compactionReport(state, deps.settings))),
    releaseBlocks: async ({ blocks }, context) =>
      create(ReleaseBlocksResponseSchema, {
        releasedCount: await releaseBlocks(deps, blocks, context.signal),
      }),
  });
}

async function releaseBlocks(
  { proposer }: CompactionAdminDeps,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  if (ids.length > MAX_IDS) {
    throw new InvalidArgumentError(`too many blocks in one request: blocks=${ids.length} limit=${MAX_IDS}`);
  }
  const invalid = ids.find((id) => !isUlid(id));
  if (invalid !== undefined)
    throw new InvalidArgumentError(`blocks: not the id of a block: ${invalid.slice(0, 64)}`);
  if (proposer.commandVersion < RELEASE_VERSION) {
    throw new FailedPreconditionError(
      "blocks cannot be released while a node of the metastore has an older version: upgrade all of them",
    );
  }
  const result = await proposer.propose(
    (envelope) => encodeReleaseBlocks(ids, { ...envelope, requestId: new Uint8Array() }),
    signal,
  );
  invariant(result.type === "blocks-released", `releasing came to ${result.type}`);
  return result.blockCount;
}

function reportToWire(report: CompactionReport): GetCompactionReportResponse {
  const { storedCount, storedBytes, oldestSinceMs, deletedCount } = report.tombstones;
  return create(GetCompactionReportResponseSchema, {
    logTimeMs: BigInt(report.logTimeMs),
    levels: report.levels.map(levelToWire),
    jobs: report.jobs.map(jobToWire),
    jobCount: report.jobCount,
    quarantined: report.quarantined.map(({ block, reason, sinceMs }) => ({
      block: objectRefOf(block),
      reason,
      sinceMs: BigInt(sinceMs),
    })),
    quarantinedCount: report.quarantinedCount,
    tombstones: {
      storedCount,
      storedBytes: BigInt(storedBytes),
      oldestSinceMs: BigInt(oldestSinceMs ?? 0),
      deletedCount,
    },
    tenants: report.tenants.map(tenantToWire),
    tenantCount: report.tenantCount,
  });
}

function levelToWire({
  sizeBytes,
  waitingBytes,
  oldestWaitingMs,
  ...counts
}: LevelReport): MessageInitShape<typeof LevelReportSchema> {
  return {
    ...counts,
    sizeBytes: BigInt(sizeBytes),
    waitingBytes: BigInt(waitingBytes),
    oldestWaitingMs: BigInt(oldestWaitingMs ?? 0),
  };
}

function jobToWire(job: Job): MessageInitShape<typeof JobStatusSchema> {
  const { number, token, worker, leaseEndsMs, failures, blocks } = job;
  const common = {
    claim: { job: BigInt(number), token: BigInt(token) },
    worker,
    leaseEndsMs: BigInt(leaseEndsMs),
    failures,
    blockCount: blocks.length,
  };
  if (job.type === "deletion") return { ...common, isDeletion: true };
  const { tenant, shard, level, sizeBytes, outputLevel } = job;
  return { ...common, tenant, shard, level, outputLevel, sizeBytes: BigInt(sizeBytes) };
}

function tenantToWire({
  tenant,
  stats,
  retentionMs,
  expiry,
  tiers,
}: TenantReport): MessageInitShape<typeof TenantReportSchema> {
  return {
    tenant,
    sizeBytes: BigInt(stats.sizeBytes),
    blockCount: stats.blockCount,
    oldestProfileTimeMs: BigInt(stats.minTimeMs),
    newestProfileTimeMs: BigInt(stats.maxTimeMs),
    retentionMs: BigInt(retentionMs),
    expiryBeginsMs: BigInt(expiry?.beginsMs ?? 0),
    expiryEndsMs: BigInt(expiry?.endsMs ?? 0),
    tiers: tiers.map(({ level, afterMs, blockCount, sizeBytes }) => ({
      level,
      afterMs: BigInt(afterMs),
      blockCount,
      sizeBytes: BigInt(sizeBytes),
    })),
  };
}

function objectRefOf({ id, tenant, shard, level }: BlockPlace) {
  return { block: id, tenant, shard, level };
}
