import { Dice } from "../../services/metastore/test/simulation/dice.ts";
import { EventQueue } from "../../services/metastore/test/simulation/event-queue.ts";
import { Seen } from "./seen.ts";
import { SummedRows } from "./summed-rows.ts";
import type { Swarm } from "./swarm.ts";

/** 2026-01-01T00:00:00Z, on which day every run begins. */
const START_MS = 1_767_225_600_000;
const KEPT_LINES = 4_000;

/** Chance in separate streams, so that taking one kind of trouble away leaves the others as they were. */
export interface Streams {
  readonly net: Dice;
  readonly bucket: Dice;
  readonly writers: Dice;
  readonly workers: Dice;
  readonly queries: Dice;
  readonly faults: Dice;
  readonly deletions: Dice;
  readonly tiers: Dice;
}

/** What everything in a run shares: time, chance, and what somebody saw. */
export class World {
  readonly queue = new EventQueue();
  readonly seen = new Seen();
  readonly sums = new SummedRows();
  readonly streams: Streams;
  readonly swarm: Swarm;
  /** Trouble has not ended yet. */
  isRough = true;
  /** The last lines of {@link trace}; undefined when nobody wants them. */
  lines: string[] | undefined;

  constructor(seed: number, swarm: Swarm) {
    const stream = (salt: number): Dice =>
      new Dice(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b));
    this.streams = {
      net: stream(1),
      bucket: stream(2),
      writers: stream(3),
      workers: stream(4),
      queries: stream(5),
      faults: stream(6),
      deletions: stream(7),
      tiers: stream(8),
    };
    this.swarm = swarm;
  }

  /** Unix milliseconds by a clock that is right. */
  get trueMs(): number {
    return START_MS + this.swarm.startMs + this.queue.nowMs;
  }

  /** Keeps a line of what happened, when somebody wants to read it. */
  trace(line: () => string): void {
    if (!this.lines) return;
    this.lines.push(`${(this.queue.nowMs / 1_000).toFixed(1)}s ${line()}`);
    if (this.lines.length > KEPT_LINES) this.lines.splice(0, KEPT_LINES / 2);
  }
}
