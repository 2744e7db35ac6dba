import { Dice } from "./dice.ts";

/**
 * How rough one run is. Every seed draws its own mixture, since bugs hide from average trouble: a run without loss goes
 * deeper into restarts, a run with slow disks finds other orders than one with fast ones.
 */
export interface Swarm {
  readonly nodes: 1 | 3 | 5;
  readonly clients: number;
  readonly keys: number;
  /** Mean pause of a client between operations. */
  readonly thinkMs: number;
  readonly readShare: number;

  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly meanDelayMs: number;

  readonly meanWriteMs: number;
  readonly stuckRate: number;
  readonly writeErrorRate: number;

  /** Mean time between two pieces of trouble. */
  readonly meanFaultMs: number;
  /** Weights of kinds of trouble; 0 when a run has none of it. */
  readonly faults: Readonly<Record<FaultKind, number>>;

  /** Of one Append. */
  readonly maxAppendEntries: number;
  /** Payloads that the core keeps; older ones are read from the disk. */
  readonly cachedEntries: number;

  readonly snapshotEveryMs: number;
  readonly trailingEntries: number;
}

export const FAULT_KINDS = [
  "crash",
  "crash-all",
  "cut",
  "isolate-leader",
  "stick-disk",
  "fail-disk",
  "freeze",
  "wipe",
  "rot",
  "lying-sync",
  "rot-hard-state",
  "transfer",
  "replace",
  "shrink-or-grow",
  "remove-leader",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export function drawSwarm(seed: number): Swarm {
  const dice = new Dice(Math.imul(seed + 1, 0x27d4eb2f) ^ 0x165667b1);
  const some = (most: number): number => (dice.chance(0.4) ? 0 : dice.between(0, most));
  const kind = dice.next();
  return {
    nodes: kind < 0.05 ? 1 : kind < 0.7 ? 3 : 5,
    clients: dice.integer(1, 6),
    keys: dice.integer(1, 4),
    thinkMs: dice.between(5, 150),
    readShare: dice.between(0.1, 0.7),
    lossRate: some(0.3),
    duplicateRate: some(0.5),
    meanDelayMs: dice.between(0.5, 25),
    meanWriteMs: dice.between(0.3, 30),
    stuckRate: some(0.01),
    writeErrorRate: some(0.003),
    meanFaultMs: dice.between(300, 3_000),
    faults: drawFaults(dice),
    maxAppendEntries: dice.pick([1, 3, 20, 1_024]),
    cachedEntries: dice.pick([4, 40, 4_096]),
    snapshotEveryMs: dice.between(500, 5_000),
    trailingEntries: dice.integer(0, 30),
  };
}

function drawFaults(dice: Dice): Record<FaultKind, number> {
  const weights = FAULT_KINDS.map((kind) => [kind, dice.chance(0.5) ? dice.between(0.2, 1) : 0] as const);
  return Object.fromEntries(weights) as Record<FaultKind, number>;
}
