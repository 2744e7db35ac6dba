import { runSeed, type SeedOutcome } from "./run-seed.ts";
import { FAULT_KINDS, RATES, type Swarm } from "./swarm.ts";

/**
 * A smaller run of the same seed that breaks the same rule: without the kinds of trouble that it does not need. Chance comes
 * in separate streams, so some of what is left happens as before.
 */
export function shrink(outcome: SeedOutcome): SeedOutcome {
  let smallest = outcome;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const swarm of calmer(smallest.swarm)) {
      const tried = runSeed(outcome.seed, { swarm, isTraced: true });
      if (tried.violation?.invariant !== outcome.violation?.invariant) continue;
      smallest = tried;
      hasShrunk = true;
      break;
    }
  }
  return smallest;
}

function calmer(swarm: Swarm): Swarm[] {
  const faults = FAULT_KINDS.filter((kind) => swarm.faults[kind] > 0).map((kind) => ({
    ...swarm,
    faults: { ...swarm.faults, [kind]: 0 },
  }));
  const rates = RATES.filter((rate) => swarm[rate] > 0).map((rate) => ({ ...swarm, [rate]: 0 }));
  const counts = (["writers", "workers", "nodes", "shards"] as const)
    .filter((count) => swarm[count] > 1)
    .map((count) => ({ ...swarm, [count]: 1 }));
  return [...faults, ...rates, ...counts];
}
