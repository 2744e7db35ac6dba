import { runSeed, type SeedOutcome } from "./run-seed.ts";
import { FAULT_KINDS, type Swarm } from "./swarm.ts";

/**
 * A smaller run of the same seed that breaks the same rule: without the kinds of trouble that it does not need. Chance comes
 * in separate streams, so most of what is left happens as before.
 */
export function shrink(outcome: SeedOutcome): SeedOutcome {
  let smallest = outcome;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const swarm of calmer(smallest.swarm)) {
      const tried = runSeed(outcome.seed, { events: smallest.events, swarm, isTraced: true });
      if (tried.violation?.invariant !== outcome.violation?.invariant || tried.events > smallest.events)
        continue;
      smallest = tried;
      hasShrunk = true;
      break;
    }
  }
  return smallest;
}

function calmer(swarm: Swarm): Swarm[] {
  const without: Swarm[] = FAULT_KINDS.filter((kind) => swarm.faults[kind] > 0).map((kind) => ({
    ...swarm,
    faults: { ...swarm.faults, [kind]: 0 },
  }));
  if (swarm.lossRate > 0) without.push({ ...swarm, lossRate: 0 });
  if (swarm.duplicateRate > 0) without.push({ ...swarm, duplicateRate: 0 });
  if (swarm.stuckRate > 0) without.push({ ...swarm, stuckRate: 0 });
  if (swarm.writeErrorRate > 0) without.push({ ...swarm, writeErrorRate: 0 });
  if (swarm.clients > 1) without.push({ ...swarm, clients: 1 });
  if (swarm.keys > 1) without.push({ ...swarm, keys: 1 });
  return without;
}
