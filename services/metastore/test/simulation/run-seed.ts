import { Clients } from "./clients.ts";
import { Cluster } from "./cluster.ts";
import { Faults } from "./faults.ts";
import { Violation } from "./violation.ts";
import { Operator } from "./operator.ts";
import type { Seen } from "./seen.ts";
import { drawSwarm, type Swarm } from "./swarm.ts";

export interface SeedOutcome {
  readonly seed: number;
  readonly swarm: Swarm;
  readonly events: number;
  readonly answered: number;
  /** Starts of processes, each with a recovery of its disk. */
  readonly starts: number;
  readonly seen: Seen;
  readonly lines: readonly string[];
  readonly violation: { invariant: string; message: string; atMs: number } | undefined;
}

export interface SeedOptions {
  /** Of the first phase, in which anything may go wrong. */
  readonly events: number;
  /** Takes the place of what the seed would draw. */
  readonly swarm?: Swarm;
  /** Keep the last lines of what happened. */
  readonly isTraced?: boolean;
}

/** Without trouble there is a leader after 20 election times. */
const LEADER_WITHIN_MS = 20_000;
/** Replacing lost members, catching up and answering everybody takes longer. */
const SETTLED_WITHIN_MS = 120_000;
const LOOK_EVERY_EVENTS = 200;

/**
 * One run: trouble first, with every invariant looked at at every step; then the trouble ends, and the cluster must
 * find a leader, answer everybody and agree. The same seed is the same run, event for event.
 */
export function runSeed(seed: number, options: SeedOptions): SeedOutcome {
  const swarm = options.swarm ?? drawSwarm(seed);
  const cluster = new Cluster(seed, swarm);
  if (options.isTraced) cluster.lines = [];
  let events = 0;
  let clients: Clients | undefined;
  let violation: SeedOutcome["violation"];
  try {
    for (const member of cluster.members) member.boot();
    clients = new Clients(cluster);
    const operator = new Operator(cluster);
    const faults = new Faults(cluster, operator);
    while (events < options.events && cluster.queue.step()) events++;
    faults.end();
    events += settle(cluster, clients, operator);
  } catch (error) {
    const { message, stack } = error as Error;
    const invariant = error instanceof Violation ? error.invariant : "error";
    violation = {
      invariant,
      message: invariant === "error" ? (stack ?? message) : message,
      atMs: cluster.queue.nowMs,
    };
  }
  return {
    seed,
    swarm,
    events,
    answered: clients?.answered ?? 0,
    starts: cluster.startCount,
    seen: cluster.seen,
    lines: cluster.lines ?? [],
    violation,
  };
}

/** I13: after faults stop there is a leader, everything is answered, and all agree. @returns how many events it took. */
function settle(cluster: Cluster, clients: Clients, operator: Operator): number {
  const { queue } = cluster;
  const startMs = queue.nowMs;
  let events = 0;
  let hasLed = false;
  while (queue.step()) {
    events++;
    if (events % LOOK_EVERY_EVENTS !== 0) continue;
    hasLed ||= cluster.leader !== undefined;
    const elapsedMs = queue.nowMs - startMs;
    if (!hasLed && elapsedMs > LEADER_WITHIN_MS)
      throw new Violation("I13", "no leader after 20 election times");
    if (elapsedMs > 2_000) clients.end();
    if (elapsedMs > 2_000 && operator.isDone && clients.openCount === 0 && isConverged(cluster))
      return events;
    if (elapsedMs > SETTLED_WITHIN_MS) throw new Violation("I13", whatIsMissing(cluster, clients, operator));
  }
  return events;
}

function isConverged(cluster: Cluster): boolean {
  const node = cluster.leader?.node;
  if (!node) return false;
  const { voters, learners } = node.membership;
  return [...voters, ...learners].every((id) => {
    const other = cluster.member(id);
    return (
      other?.node?.applied.index === node.applied.index && node.applied.index === node.status().lastIndex
    );
  });
}

function whatIsMissing(cluster: Cluster, clients: Clients, operator: Operator): string {
  const members = cluster.members.map(({ id, state, node }) => {
    const status = node?.status();
    return `${id}=${state}:${status?.role ?? ""}:${status?.term ?? ""}:${node?.applied.index ?? ""}/${status?.lastIndex ?? ""}`;
  });
  const { voters = [], outgoing = [], learners = [] } = cluster.leader?.node?.membership ?? {};
  return `not settled: open=${clients.openCount} operator=${operator.describe()} voters=${voters.join()} outgoing=${outgoing.join()} learners=${learners.join()} ${members.join(" ")}`;
}
