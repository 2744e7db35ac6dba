import { InvalidArgumentError, invariant, UnavailableError } from "@hearth/errors";
import type { BlockMeta } from "@hearth/block";
import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";
import type { CommandProposer } from "./command-proposer.ts";
import type { CompactionSettings } from "./compaction/compaction-settings.ts";
import type { CompactionJob, JobClaim } from "./compaction/job-table.ts";
import type { PollResult } from "./compaction/poll.ts";
import type { Tombstone } from "./compaction/tombstones.ts";
import { encodePollJobs, POLL_VERSION } from "./index-state/command-codec.ts";
import type { MetastoreState } from "./index-state/metastore-state.ts";
import type { MetastoreStateMachine } from "./metastore-state-machine.ts";
import type { MetastoreMetrics } from "./metrics.ts";

export interface JobBrokerDeps {
  readonly proposer: CommandProposer;
  readonly stateMachine: MetastoreStateMachine;
  readonly metrics: MetastoreMetrics;
}

/** What a worker is told. */
export interface WorkOrder extends Pick<PollResult, "revoked" | "refusals"> {
  readonly compactions: readonly { readonly job: CompactionJob; readonly sources: readonly BlockMeta[] }[];
  readonly deletions: readonly { readonly claim: JobClaim; readonly objects: readonly Tombstone[] }[];
  readonly leaseMs: number;
}

/** Gives compaction workers their work. */
export class JobBroker {
  readonly #deps: JobBrokerDeps;
  readonly #settings: CompactionSettings;

  constructor(deps: JobBrokerDeps, settings: CompactionSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * @throws {InvalidArgumentError} when the poll is none.
   * @throws {UnavailableError} when it is not, or perhaps not, applied: it may be sent again as it is.
   */
  async poll(request: PollJobsRequest, signal: AbortSignal): Promise<WorkOrder> {
    const { proposer, metrics } = this.#deps;
    if (request.worker === "") throw new InvalidArgumentError("worker must not be empty");
    if (proposer.commandVersion < POLL_VERSION) {
      throw new UnavailableError(
        "blocks are not compacted while a node of the metastore has an older version: upgrade all of them",
      );
    }
    const result = await proposer.propose(
      (envelope) => encodePollJobs(request, this.#settings, { ...envelope, requestId: new Uint8Array() }),
      signal,
    );
    invariant(result.type === "jobs-polled", `a poll came to ${result.type}`);
    metrics.refusedReports.inc(result.refusals.length);
    return workOrderOf(result, this.#deps.stateMachine.state, this.#settings.leaseMs);
  }
}

/** What a job consists of is looked up now: one that has gone since the poll was applied is left out. */
export function workOrderOf(
  { assigned, revoked, refusals }: PollResult,
  { index, compaction }: MetastoreState,
  leaseMs: number,
): WorkOrder {
  const compactions: WorkOrder["compactions"][number][] = [];
  const deletions: WorkOrder["deletions"][number][] = [];
  for (const claim of assigned) {
    const job = compaction.jobs.get(claim.job);
    if (job?.token !== claim.token) continue;
    if (job.type === "compaction") {
      compactions.push({ job, sources: job.blocks.flatMap((id) => index.get(id) ?? []) });
    } else {
      deletions.push({ claim, objects: job.blocks.flatMap((id) => compaction.tombstones.get(id) ?? []) });
    }
  }
  return { compactions, deletions, revoked, refusals, leaseMs };
}
