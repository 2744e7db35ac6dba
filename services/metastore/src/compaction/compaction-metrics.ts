import { ulidTimeMs } from "@hearth/runtime";
import { BoundedLabel } from "@hearth/telemetry";
import type { MetastoreMetrics } from "../metrics.ts";
import type { Compaction } from "./compaction.ts";
import type { CompactionSettings } from "./compaction-settings.ts";
import type { JobEvent } from "./job-counts.ts";
import { levelOf } from "./job-table.ts";

/** Tenants with series of their own; the others are counted together. */
const MAX_TENANTS = 1_000;

/** Publishes what compaction has before it, at each scrape. */
export class CompactionMetrics {
  readonly #metrics: MetastoreMetrics;
  readonly #settings: CompactionSettings;
  readonly #tenants = new BoundedLabel(MAX_TENANTS);

  constructor(metrics: MetastoreMetrics, settings: CompactionSettings) {
    this.#metrics = metrics;
    this.#settings = settings;
  }

  /** @param nowMs - the time of the log. */
  publish(compaction: Compaction, nowMs: number): void {
    this.#publishEvents(compaction);
    this.#publishJobs(compaction);
    this.#publishWaiting(compaction, nowMs);
    this.#publishTombstones(compaction);
    this.#metrics.orphanCandidates.set(compaction.orphans.count);
    const quarantined = compaction.notes.all().filter(([, { type }]) => type === "quarantined");
    this.#metrics.quarantinedBlocks.set(quarantined.length);
  }

  #publishEvents({ counts }: Compaction): void {
    const { addedJobs, completedJobs, assignedJobs, reassignedJobs, evictedJobs } = this.#metrics;
    const counters: Record<JobEvent, typeof addedJobs> = {
      added: addedJobs,
      completed: completedJobs,
      assigned: assignedJobs,
      reassigned: reassignedJobs,
      evicted: evictedJobs,
    };
    counts.take((event, level, count) => counters[event].inc({ level }, count));
  }

  #publishJobs({ jobs }: Compaction): void {
    const { queuedJobs } = this.#metrics;
    queuedJobs.reset();
    for (const job of jobs.all()) {
      queuedJobs.inc({ level: levelOf(job), status: job.worker === "" ? "unassigned" : "in_progress" }, 1);
    }
  }

  #publishWaiting(compaction: Compaction, nowMs: number): void {
    const { waitingBlocks, waitingQueues, waitingBatches, oldestWaiting } = this.#metrics;
    for (const gauge of [waitingBlocks, waitingQueues, waitingBatches, oldestWaiting]) gauge.reset();
    const oldestMs = new Map<string, number>();
    for (const queue of compaction.waiting.queues()) {
      const [first] = queue;
      if (!first) continue;
      const level = String(first.level);
      waitingBlocks.inc({ level }, queue.length);
      waitingQueues.inc({ level }, 1);
      if (queue.length > 1) {
        oldestMs.set(level, Math.min(oldestMs.get(level) ?? Infinity, ulidTimeMs(first.id)));
      }
    }
    for (const [level, ms] of oldestMs) oldestWaiting.set({ level }, Math.max(0, (nowMs - ms) / 1_000));
    for (const { level } of compaction.readyBatches(this.#settings, nowMs)) {
      waitingBatches.inc({ level: String(level) }, 1);
    }
  }

  #publishTombstones({ tombstones }: Compaction): void {
    const gauge = this.#metrics.tombstones;
    gauge.reset();
    for (const { tenant, deletedMs } of tombstones.all()) {
      const type = deletedMs === undefined ? "stored" : "deleted";
      gauge.inc({ tenant: this.#tenants.of(tenant), type }, 1);
    }
  }
}
