import { create } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import { deletionToWire } from "@hearth/deletions";
import {
  CompactionJobSchema,
  CompactionService,
  DeletionJobSchema,
  JobClaimSchema,
  ObjectRefSchema,
  PollJobsResponseSchema,
  ReportRefusalSchema,
  type JobClaim as WireClaim,
  type PollJobsResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { JobClaim } from "../compaction/job-table.ts";
import { MAX_COMMAND_BYTES } from "../index-state/command-codec.ts";
import type { JobBroker, WorkOrder } from "../job-broker.ts";

/** A request is a command without its envelope. */
const READ_MAX_BYTES = MAX_COMMAND_BYTES + 1024;

/** `CompactionService`: work for compaction workers. */
export function compactionService(deps: { broker: JobBroker }): ServiceRegistration {
  return implement(
    CompactionService,
    {
      pollJobs: async (request, context) => orderToWire(await deps.broker.poll(request, context.signal)),
    },
    { readMaxBytes: READ_MAX_BYTES },
  );
}

/** What a worker is told, as a message. */
export function orderToWire({
  compactions,
  deletions,
  revoked,
  refusals,
  leaseMs,
}: WorkOrder): PollJobsResponse {
  return create(PollJobsResponseSchema, {
    compactions: compactions.map(({ job, sources, deletions: onRequest }) =>
      create(CompactionJobSchema, {
        claim: claimToWire({ job: job.number, token: job.token }),
        shard: job.shard,
        level: job.level,
        sources: sources.map(blockMetaToWire),
        deletions: onRequest.map(deletionToWire),
        deletionsApplied: BigInt(job.deletionsUpTo),
        isRewrite: job.isRewrite,
        outputLevel: job.outputLevel,
      }),
    ),
    deletions: deletions.map(({ claim, objects }) =>
      create(DeletionJobSchema, {
        claim: claimToWire(claim),
        objects: objects.map(({ id, tenant, shard, level }) =>
          create(ObjectRefSchema, { block: id, tenant, shard, level }),
        ),
      }),
    ),
    revoked: revoked.map(claimToWire),
    refusals: refusals.map(({ claim, reason }) =>
      create(ReportRefusalSchema, { claim: claimToWire(claim), reason }),
    ),
    leaseMs: BigInt(leaseMs),
  });
}

function claimToWire({ job, token }: JobClaim): WireClaim {
  return create(JobClaimSchema, { job: BigInt(job), token: BigInt(token) });
}
