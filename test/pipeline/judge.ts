import type { JobClaim as WireClaim, JobReport, PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";

import type { Compaction } from "../../services/metastore/src/compaction/compaction.ts";
import { checkCompaction } from "../../services/metastore/src/compaction/invariants.ts";
import type { Job, JobClaim } from "../../services/metastore/src/compaction/job-table.ts";
import type { PollResult } from "../../services/metastore/src/compaction/poll.ts";
import type { Deletion } from "../../services/metastore/src/deletions/deletion.ts";
import type { CommandResult } from "../../services/metastore/src/index-state/command-result.ts";
import type { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import { versionOf, type BlockObject, type StoredObject } from "./blocks.ts";
import type { Bucket, BucketObserver } from "./bucket.ts";
import type { Ledger } from "./ledger.ts";
import { keyOf } from "./metastore.ts";
import { isCovered } from "./rows.ts";
import type { Entry, LogObserver, ReplicatedLog } from "./replicated-log.ts";
import { TierJudge } from "./tier-judge.ts";
import type { World } from "./world.ts";

/** Looking at every block after every command would take most of the time. */
const LOOK_EVERY = 20;
/** A command that changes blocks counts for so many. */
const CHANGE = 6;

/** Looks at everything that happens, and throws where a rule is broken first. */
export class Judge implements LogObserver, BucketObserver {
  readonly #world: World;
  readonly #ledger: Ledger;
  readonly #tiers: TierJudge;
  #bucket!: Bucket;
  #log!: ReplicatedLog;
  #sinceLook = 0;
  /** Notes on blocks that were seen before. */
  readonly #judged = new Set<string>();

  constructor(world: World, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
    this.#tiers = new TierJudge(world, ledger);
  }

  /** To be called once, before anything happens. */
  watch(parts: { bucket: Bucket; log: ReplicatedLog }): void {
    this.#bucket = parts.bucket;
    this.#log = parts.log;
  }

  put(key: string, object: StoredObject, before: StoredObject | undefined): void {
    this.#world.trace(() => `bucket: put ${key}`);
    if (object.type === "block" && !before) this.#ledger.stored(object.meta.id, this.#log.logMs);
    if (object.type !== "block" || before?.type !== "block") return;
    this.#ledger.overwritten(object);
    if (object.meta.level > 0) this.#world.seen.note("output overwritten by its twin");
  }

  deleted(key: string, object: StoredObject): void {
    this.#world.trace(() => `bucket: deleted ${key}`);
    if (object.type !== "block") return;
    this.#ledger.deleted(object.meta.id, this.#log.logMs, this.#world.swarm.compaction.tombstoneDelayMs);
  }

  applying(state: MetastoreState, { about, stampMs }: Entry): (result: CommandResult) => void {
    const { compaction, index } = state;
    const before = new Map(Array.from(state.deletions.table.inForce(), (one) => [one.number, one] as const));
    if (about.type === "blocks") {
      for (const id of about.ids) this.#noteLate(id, state);
      const givenUp = about.ids.filter((id) => compaction.tombstones.get(id)?.isOrphan);
      return (result) => {
        const refusals = result.type === "blocks-added" ? result.refusals : [];
        const taken = givenUp.find((id) => !refusals.some(({ block }) => block === id));
        if (taken !== undefined) throw new Violation("P9", `${taken} is given up, and was taken`);
        this.#noteDeletions(before, state, []);
        this.#changed(state, about.ids, [], stampMs);
        this.#look(state, about.ids.length > 0);
      };
    }
    if (about.type === "deletion") {
      return () => {
        this.#ledger.deletions.noteApplied(state.deletions.table);
        this.#look(state, true);
      };
    }
    if (about.type === "orphans") return this.#sweeping(state, about.ids);
    if (about.type === "tiers") return this.#tiers.planning(state, () => this.#look(state, true));
    const covered = Array.from(state.deletions.touched.all()).filter(({ isCovered }) => isCovered);
    const jobs = new Map(Array.from(compaction.jobs.all(), (job) => [job.number, job] as const));
    const { request } = about;
    const { reports } = request;
    return (result) => {
      if (result.type === "jobs-polled") {
        this.#judgeClaims(jobs, request, result);
        this.#noteJobs(jobs, reports, result, state.lastStampMs);
        this.#tiers.judgePoll(jobs, request, { state, result });
      }
      const outputs = reports.flatMap(outputsOf);
      const sources = reports.flatMap(({ claim }) => jobs.get(Number(claim?.job ?? 0n))?.blocks ?? []);
      const left = covered.map(({ place }) => place.id);
      this.#noteDeletions(before, state, left);
      this.#changed(state, outputs, [...sources, ...left], stampMs);
      if (reports.some(({ outcome }) => outcome.case === "failed")) this.#judgeNotes(compaction);
      this.#look(state, reports.length > 0);
      this.#world.trace(() => `log: ${reports.length} reports, ${index.blockCount} blocks`);
    };
  }

  #noteDeletions(
    before: ReadonlyMap<number, Deletion>,
    { deletions, index }: MetastoreState,
    covered: readonly string[],
  ): void {
    const { seen } = this.#world;
    if (deletions.table.lastNumber > 0) this.#ledger.deletions.noteApplied(deletions.table);
    for (const [number, { goneMs, clearedMs }] of before) {
      const after = deletions.table.get(number);
      if (goneMs === undefined && after?.goneMs !== undefined) {
        seen.note("deletion finished");
        this.#judgeFinished(after);
      }
      if (clearedMs !== undefined && after?.clearedMs === undefined)
        seen.note("deletion touched again by what came late");
      if (after?.endedMs !== undefined) seen.note("deletion ended");
    }
    for (const id of covered) if (!index.has(id)) seen.note("block of nothing but deleted rows left");
  }

  /** P10: of what is finished no object holds a row that was ever registered, unless somebody wrote it again. */
  #judgeFinished(deletion: Deletion): void {
    const { number, tenant } = deletion;
    for (const object of this.#bucket.objects.values()) {
      if (object.type !== "block") continue;
      const { id } = object.meta;
      const life = this.#ledger.live.get(id) ?? this.#ledger.gone.get(id);
      if (!life || life.isDeleted) continue;
      const row = object.rows.get(tenant)?.find((one) => isCovered(one, deletion));
      if (row !== undefined)
        throw new Violation(
          "P10",
          `deletion ${number} is finished, and the object of ${id} holds row ${row}`,
        );
    }
  }

  /** P9: what a sweep finds goes when it may. */
  #sweeping(state: MetastoreState, ids: readonly string[]): (result: CommandResult) => void {
    const { seen, swarm } = this.#world;
    const { compaction } = state;
    const isGivenUp = (id: string): boolean => compaction.tombstones.get(id)?.isOrphan === true;
    const before = new Set(ids.filter(isGivenUp));
    return (result) => {
      if (result.type === "orphans-noted" && result.noted > 0) seen.note("orphan noted");
      for (const id of ids) {
        if (before.has(id) || !isGivenUp(id)) continue;
        this.#world.trace(() => `log: ${id} is given up`);
        this.#ledger.gaveUp(id, state.lastStampMs, swarm.orphans.graceMs);
        const tombstone = compaction.tombstones.get(id)!;
        const object = this.#bucket.objects.get(keyOf(tombstone));
        const origin = object?.type === "block" ? object.meta.origin : undefined;
        if (origin?.sources.every((source) => this.#ledger.live.has(source)))
          throw new Violation("P9", `the object of ${id} was given up, and its job may still end`);
        seen.note(tombstone.level === 0 ? "orphan of a writer given up" : "orphan of a job given up");
      }
      this.#look(state, true);
    };
  }

  /** P8: only what is at fault is put aside. */
  #judgeNotes({ notes }: Compaction): void {
    for (const [id, note] of notes.all()) {
      const key = `${id} ${note.type}`;
      if (this.#judged.has(key)) continue;
      this.#judged.add(key);
      if (note.type === "solo") {
        this.#world.seen.note("job failed and taken apart");
        continue;
      }
      this.#world.seen.note("block quarantined");
      const life = this.#ledger.live.get(id);
      if (life && !life.isHarmed && !life.object.isPoisoned)
        throw new Violation("P8", `the block ${id} is quarantined without fault: ${note.reason}`);
    }
  }

  /** P2, P3 and P6 for what an entry may have changed. */
  #changed(
    { compaction, deletions, index, lastStampMs }: MetastoreState,
    mayCome: readonly string[],
    mayGo: readonly string[],
    stampMs: number,
  ): void {
    const { gone, live } = this.#ledger;
    const removed = mayGo.filter((id) => live.has(id) && !index.has(id));
    const added: BlockObject[] = [];
    // An output that holds nothing but deleted rows leaves as soon as it comes.
    const passing: string[] = [];
    for (const id of new Set(mayCome)) {
      const isPassing = !live.has(id) && !gone.has(id) && compaction.tombstones.get(id)?.isOrphan === false;
      const meta = live.has(id) ? undefined : index.get(id);
      if (isPassing) passing.push(id);
      const place = isPassing ? compaction.tombstones.get(id) : meta;
      if (!place) continue;
      const object = this.#bucket.objects.get(keyOf(place));
      if (object?.type !== "block") {
        const rule = gone.has(id) ? "P6" : "P3";
        throw new Violation(rule, `the block ${id} is registered and has no object`);
      }
      if (meta && versionOf(object.meta) !== versionOf(meta))
        throw new Violation("P3", `the object of the block ${id} is another than was registered`);
      this.#tiers.noteAdded(object.meta, (source) => this.#ledger.live.get(source)?.object.meta.level);
      if (object.meta.level > 0 && deletions.touched.has(id))
        this.#world.seen.note("output of a job that did not know of a deletion");
      added.push(object);
    }
    if (added.length + removed.length === 0) return;
    this.#world.trace(() => `log: +${added.map(({ meta }) => meta.id).join()} -${removed.join()}`);
    const nowMs = Math.max(stampMs, lastStampMs);
    this.#ledger.changed({ added, removed }, nowMs);
    if (passing.length > 0) this.#ledger.changed({ added: [], removed: passing }, nowMs);
  }

  /** P4, and whether the index holds what it should. */
  #look(state: MetastoreState, isChanged: boolean): void {
    const { index } = state;
    this.#sinceLook += isChanged ? CHANGE : 1;
    if (this.#sinceLook < LOOK_EVERY) return;
    this.#sinceLook = 0;
    const problems = checkCompaction(index, state);
    if (problems.length > 0) throw new Violation("P4", problems.join("; "));
    const { live } = this.#ledger;
    if (index.blockCount !== live.size)
      throw new Violation("P2", `there are ${index.blockCount} blocks in the index instead of ${live.size}`);
  }

  #noteLate(id: string, { index, compaction }: MetastoreState): void {
    const tombstone = compaction.tombstones.get(id);
    if (compaction.orphans.has(id)) this.#world.seen.note("candidate registered after all");
    if (tombstone?.isOrphan) this.#world.seen.note("registration of what was given up refused");
    else if (tombstone) this.#world.seen.note("late registration met a tombstone");
    else if (index.has(id)) this.#world.seen.note("late registration met a live block");
  }

  /** P4: whoever does not hold a job changes nothing of it, and is told so. */
  #judgeClaims(before: ReadonlyMap<number, Job>, request: PollJobsRequest, result: PollResult): void {
    const { worker, held, reports } = request;
    const isHolder = ({ job: number, token }: WireClaim): boolean => {
      const job = before.get(Number(number));
      return job?.worker === worker && job.token === Number(token);
    };
    const isIn = (claims: readonly JobClaim[], claim: WireClaim): boolean =>
      claims.some(({ job, token }) => job === Number(claim.job) && token === Number(claim.token));
    const refused = result.refusals.map(({ claim }) => claim);
    for (const { claim, outcome } of reports) {
      if (!claim || isHolder(claim) || isIn(refused, claim)) continue;
      const areKnown = outputsOf({ outcome }).every(
        (id) => this.#ledger.live.has(id) || this.#ledger.gone.has(id),
      );
      if (outcome.case !== "compacted" || !areKnown)
        throw new Violation("P4", `${worker} does not hold job ${claim.job}, and its report was taken`);
    }
    for (const claim of held) {
      if (!isHolder(claim) && !isIn(result.revoked, claim))
        throw new Violation("P4", `${worker} does not hold job ${claim.job}, and is not told so`);
    }
  }

  #noteJobs(
    before: ReadonlyMap<number, Job>,
    reports: readonly JobReport[],
    result: PollResult,
    nowMs: number,
  ): void {
    const { seen } = this.#world;
    for (const { job, token } of result.assigned) {
      const known = before.get(job);
      if (known?.token === token) seen.note("job offered again after its answer was lost");
      else if (known && known.worker !== "" && known.leaseEndsMs < nowMs)
        seen.note("job reassigned after its lease ended");
    }
    for (const { claim, outcome } of reports) {
      const job = before.get(Number(claim?.job ?? 0n));
      if (outcome.case === "failed" && job?.type === "deletion") seen.note("deletion failed and tried again");
      const isRefused = result.refusals.some((refusal) => refusal.claim.token === Number(claim?.token ?? 0n));
      if (outcome.case === "compacted" && !job && !isRefused) seen.note("finished job told again");
    }
  }
}

function outputsOf({ outcome }: Pick<JobReport, "outcome">): string[] {
  return outcome.case === "compacted" ? outcome.value.outputs.map(({ id }) => id) : [];
}
