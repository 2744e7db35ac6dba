import type { Clock } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import type { MetastoreMetrics } from "../metrics.ts";
import { sweepOrphans, type SweepDeps, type SweepOutcome, type SweepSettings } from "./sweep-orphans.ts";

export interface SweepLoopDeps extends SweepDeps {
  readonly isLeader: () => boolean;
  readonly clock: Clock;
  readonly metrics: MetastoreMetrics;
  readonly logger: Logger;
}

export interface SweepLoopSettings extends SweepSettings {
  /** Not 0. */
  readonly orphanSweepIntervalMs: number;
}

/** Sweeps the bucket again and again, while this node leads; the first time after one interval. */
export async function sweepUntil(
  deps: SweepLoopDeps,
  settings: SweepLoopSettings,
  stop: AbortSignal,
): Promise<void> {
  const { clock, isLeader, logger, metrics } = deps;
  for (;;) {
    await clock.sleep(settings.orphanSweepIntervalMs, stop);
    if (!isLeader()) continue;
    const startMs = clock.monotonicMs();
    try {
      const outcome = await sweepOrphans(deps, settings, stop);
      report(outcome, settings, deps);
      if (outcome.type === "complete")
        metrics.orphanSweepSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    } catch (error) {
      if (stop.aborted) return;
      metrics.orphanSweeps.inc({ outcome: "error" });
      logger.warn("looking for orphans in the bucket failed; trying again", { error });
    }
  }
}

function report(
  outcome: SweepOutcome,
  { orphanMaxShare }: SweepLoopSettings,
  { clock, logger, metrics }: SweepLoopDeps,
): void {
  if (outcome.type === "too-early") return;
  metrics.orphanSweeps.inc({ outcome: outcome.type });
  if (outcome.type === "refused") {
    const { objectCount, unknownCount } = outcome;
    logger.error(
      "the index knows too little of the bucket, and no orphan is noted: if it was lost, run rebuild-index",
      { objectCount, unknownCount, maxShare: orphanMaxShare },
    );
    return;
  }
  const { type: _, ...counts } = outcome;
  metrics.notedOrphans.inc(counts.noted);
  metrics.removedOrphans.inc(counts.removed);
  for (const reason of ["old", "unfinished", "unreadable"] as const)
    metrics.leftOrphans.set({ reason }, counts[reason]);
  metrics.orphanSweepTime.set(clock.nowMs() / 1000);
  const isNews = counts.noted + counts.removed > 0;
  logger[isNews ? "info" : "debug"]("the bucket was searched for orphans", counts);
}
