import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import { Pipeline } from "./pipeline.ts";
import type { Seen } from "./seen.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";

export interface SeedOutcome {
  readonly seed: number;
  readonly swarm: Swarm;
  readonly events: number;
  readonly commands: number;
  /** Segments that were acknowledged. */
  readonly segments: number;
  readonly seen: Seen;
  readonly lines: readonly string[];
  readonly violation: { invariant: string; message: string; atMs: number } | undefined;
}

export interface SeedOptions {
  /** Takes the place of what the seed would draw. */
  readonly swarm?: Swarm;
  /** Keep the last lines of what happened. */
  readonly isTraced?: boolean;
}

const HOUR_MS = 3_600_000;
/** After trouble has ended all work is done in this time, also by one worker that does one job at a time, and asks every five minutes. */
const SETTLED_WITHIN_MS = 24 * HOUR_MS;
/** A prime number, since what happens when nothing is to do comes in rounds. */
const LOOK_EVERY_EVENTS = 31;

/**
 * One run: hours of trouble first, with every rule looked at at every step; then the trouble ends, and all must be done and
 * be in order. The same seed is the same run, event for event.
 */
export function runSeed(seed: number, options: SeedOptions = {}): SeedOutcome {
  const swarm = options.swarm ?? drawSwarm(seed);
  const pipeline = new Pipeline(seed, swarm);
  const { ledger, log, world } = pipeline;
  if (options.isTraced) world.lines = [];
  let events = 0;
  let violation: SeedOutcome["violation"];
  try {
    while (world.queue.nowMs < swarm.hours * HOUR_MS && world.queue.step()) events++;
    pipeline.calm();
    events += settle(pipeline);
    pipeline.judgeEnd();
  } catch (error) {
    violation = described(error as Error, world.queue.nowMs);
  }
  return {
    seed,
    swarm,
    events,
    commands: log.entries.length,
    segments: ledger.acknowledged.size,
    seen: world.seen,
    lines: world.lines ?? [],
    violation,
  };
}

/** P7. @returns how many events it took. */
function settle(pipeline: Pipeline): number {
  const { queue } = pipeline.world;
  const startMs = queue.nowMs;
  for (let events = 1; queue.step(); events++) {
    if (events % LOOK_EVERY_EVENTS !== 0) continue;
    const problem = pipeline.unsettled();
    if (problem === undefined) return events;
    if (queue.nowMs - startMs > SETTLED_WITHIN_MS) throw new Violation("P7", `not settled: ${problem}`);
  }
  throw new Violation("P7", "nothing happens any more");
}

function described(error: Error, atMs: number): NonNullable<SeedOutcome["violation"]> {
  const { message, stack } = error;
  if (error instanceof Violation) return { invariant: error.invariant, message, atMs };
  return { invariant: "error", message: stack ?? message, atMs };
}
