import type { Random } from "@hearth/runtime";

import type { FaultName } from "./faults.ts";

export interface Counts {
  readonly kills: number;
  readonly freezes: number;
  readonly partitions: number;
  readonly wipes: number;
  readonly restarts: number;
  readonly replacements: number;
  readonly hangs: number;
  readonly slowDisks: number;
}

/** How often each comes, of those that are counted together. */
const WEIGHTS: Readonly<Record<keyof Counts, readonly (readonly [FaultName, number])[]>> = {
  kills: [
    ["kill the leader", 45],
    ["kill a node", 30],
    ["kill two", 12],
    ["kill all", 13],
  ],
  freezes: [
    ["freeze the leader", 60],
    ["slow leader", 40],
  ],
  partitions: [
    ["isolate the leader", 40],
    ["leader does not hear", 20],
    ["leader is not heard", 20],
    ["cut a pair", 20],
  ],
  wipes: [
    ["wipe a follower", 60],
    ["wipe the leader", 40],
  ],
  restarts: [
    ["rolling restart", 70],
    ["restart the leader", 30],
  ],
  replacements: [["replace a member", 1]],
  hangs: [["hang the leader", 1]],
  slowDisks: [["slow disk of the leader", 1]],
};

/** Which faults come after each other: as many of each sort as asked for, mixed. */
export function planFaults(counts: Counts, random: Random): FaultName[] {
  const sorts = Object.keys(WEIGHTS) as (keyof Counts)[];
  const planned = sorts.flatMap((sort) => {
    return Array.from({ length: counts[sort] }, () => draw(WEIGHTS[sort], random));
  });
  return planned
    .map((fault) => ({ fault, order: random.next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ fault }) => fault);
}

function draw(weighted: readonly (readonly [FaultName, number])[], random: Random): FaultName {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  let rest = random.next() * total;
  for (const [fault, weight] of weighted) {
    rest -= weight;
    if (rest < 0) return fault;
  }
  return weighted.at(-1)![0];
}
