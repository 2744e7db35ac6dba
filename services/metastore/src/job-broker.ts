import { InvalidArgumentError, invariant, UnavailableError } from "@hearth/errors";
import type { BlockMeta } from "@hearth/block";
import type { DataDeletion } from "@hearth/deletions";
import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";
import type { Clock } from "@hearth/runtime";
import type { CommandProposer } from "./command-proposer.ts";
import type { CompactionSettings } from "./compaction/compaction-settings.ts";
import type { CompactionJob, JobClaim } from "./compaction/job-table.ts";
import type { PollResult } from "./compaction/poll.ts";
import type { Tombstone } from "./compaction/tombstones.ts";
import { COMPACTION_VERSION, encodePollJobs, settingsInVersion } from "./index-state/command-codec.ts";
import type { CommandResult } from "./index-state/command-result.ts";
import type { MetastoreState } from "./index-state/metastore-state.ts";
import type { MetastoreStateMachine } from "./metastore-state-machine.ts";
import type { MetastoreMetrics } from "./metrics.ts";
import type { ReplicatedLog } from "./replicated-log/replicated-log.ts";

export interface JobBrokerDeps {
  readonly log: Pick<ReplicatedLog<CommandResult>, "status">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly proposer: CommandProposer;
  readonly stateMachine: MetastoreStateMachine;
  readonly metrics: MetastoreMetrics;
  /** Told of deletions on request whose bytes are gone. */
  readonly onDeletionsDone: (numbers: readonly number[]) => void;
}

/** A compaction, with what it needs to know. */
export interface CompactionOrder {
  readonly job: CompactionJob;
  readonly sources: readonly BlockMeta[];
  /** Whose rows are to be left out. */
  readonly deletions: readonly DataDeletion[];
}

/** What a worker is told. */
export interface WorkOrder extends Pick<PollResult, "revoked" | "refusals"> {
  readonly compactions: readonly CompactionOrder[];
  readonly deletions: readonly { readonly claim: JobClaim; readonly objects: readonly Tombstone[] }[];
  readonly leaseMs: number;
}

const NOTHING = { compactions: [], deletions: [], revoked: [], refusals: [] };
const MAX_SILENCE_MS = 60_000;

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
    if (proposer.commandVersion < COMPACTION_VERSION) {
      throw new UnavailableError(
        "blocks are not compacted while a node of the metastore has an older version: upgrade all of them",
      );
    }
    if (this.#isIdle(request)) return { ...NOTHING, leaseMs: this.#settings.leaseMs };
    const result = await proposer.propose(
      (envelope) => encodePollJobs(request, this.#settings, { ...envelope, requestId: new Uint8Array() }),
      signal,
    );
    invariant(result.type === "jobs-polled", `a poll came to ${result.type}`);
    metrics.refusedReports.inc(result.refusals.length);
    if (result.deletionsDone.length > 0) this.#deps.onDeletionsDone(result.deletionsDone);
    return workOrderOf(result, this.#deps.stateMachine.state, this.#settings.leaseMs);
  }

  /**
   * Whether the poll of a worker that holds nothing need not become part of the log, since there is nothing to do. Now and
   * then it must: the time of the log goes on with its entries alone.
   */
  #isIdle({ worker, held, reports, sumsRows }: PollJobsRequest): boolean {
    const { log, clock, proposer, stateMachine } = this.#deps;
    if (held.length > 0 || reports.length > 0 || log.status().role !== "leader") return false;
    const { compaction, lastStampMs } = stateMachine.state;
    const nowMs = clock.nowMs();
    if (nowMs - lastStampMs >= MAX_SILENCE_MS) return false;
    const settings = settingsInVersion(this.#settings, proposer.commandVersion);
    return !compaction.hasWork({ worker, sumsRows }, settings, nowMs);
  }
}

/** What a job consists of is looked up now: one that has gone since the poll was applied is left out. */
export function workOrderOf(
  { assigned, revoked, refusals }: PollResult,
  { index, compaction, deletions: onRequest }: MetastoreState,
  leaseMs: number,
): WorkOrder {
  const compactions: CompactionOrder[] = [];
  const deletions: WorkOrder["deletions"][number][] = [];
  for (const claim of assigned) {
    const job = compaction.jobs.get(claim.job);
    if (job?.token !== claim.token) continue;
    if (job.type === "compaction") {
      compactions.push({
        job,
        sources: job.blocks.flatMap((id) => index.get(id) ?? []),
        deletions: onRequest.ofBlocks(job.blocks, job.deletionsUpTo),
      });
    } else {
      deletions.push({ claim, objects: job.blocks.flatMap((id) => compaction.tombstones.get(id) ?? []) });
    }
  }
  return { compactions, deletions, revoked, refusals, leaseMs };
}
