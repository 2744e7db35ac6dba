import { seededRandom, type Random } from "@hearth/runtime";
import { SimulatedNode, turns } from "./simulated-node.ts";

/** What random schedules came to: a test looks that each kind of thing was seen. */
export interface ScheduleOutcome {
  lives: number;
  acknowledged: number;
  snapshots: number;
  unacknowledgedKept: number;
  unacknowledgedLost: number;
  crashesDuringStart: number;
  failedWrites: number;
}

export function noSchedules(): ScheduleOutcome {
  return {
    lives: 0,
    acknowledged: 0,
    snapshots: 0,
    unacknowledgedKept: 0,
    unacknowledgedLost: 0,
    crashesDuringStart: 0,
    failedWrites: 0,
  };
}

const LIVES = 6;

/**
 * Runs one node through lives that end in crashes, with proposals, snapshots and failing writes, and checks after each
 * start that it runs, that everything acknowledged is there, in order and once, and that terms rise.
 *
 * @throws when one of these does not hold; the message carries the seed.
 */
export async function runCrashSchedule(seed: number, outcome: ScheduleOutcome): Promise<void> {
  const random = seededRandom(seed);
  const node = new SimulatedNode(random);
  const acknowledged = new Set<string>();
  let proposed = new Set<string>();
  let lastTerm = 0;
  let known: readonly string[] = [];
  for (let life = 0; life < LIVES; life++) {
    outcome.lives++;
    const isUp = await startWithCrashes(node, random, outcome);
    check(
      isUp && node.log.status().role === "leader",
      seed,
      `life ${life} does not lead: ${node.problems.join()}`,
    );
    check(node.log.status().term > lastTerm, seed, "the term did not rise");
    lastTerm = node.log.status().term;
    checkState(node.machine.applied, { acknowledged, proposed, known }, seed);
    for (const command of proposed) {
      if (acknowledged.has(command)) continue;
      if (node.machine.applied.includes(command)) outcome.unacknowledgedKept++;
      else outcome.unacknowledgedLost++;
    }
    // What a started node shows is acknowledged from then on.
    for (const command of node.machine.applied) acknowledged.add(command);
    known = [...node.machine.applied];
    proposed = await live(node, random, { life, acknowledged, outcome });
    node.crash();
    node.boot();
  }
}

interface LifeFacts {
  readonly life: number;
  readonly acknowledged: Set<string>;
  readonly outcome: ScheduleOutcome;
}

/** Starts the node, which may crash a few times while it does. */
async function startWithCrashes(
  node: SimulatedNode,
  random: Random,
  outcome: ScheduleOutcome,
): Promise<boolean> {
  while (random.next() < 0.3) {
    void node.log.start().catch(() => {});
    await turns(Math.floor(random.next() * 120));
    node.crash();
    node.boot();
    outcome.crashesDuringStart++;
  }
  await node.log.start();
  return true;
}

/** Proposes, takes snapshots and fails, until the crash comes. @returns what was proposed. */
async function live(node: SimulatedNode, random: Random, facts: LifeFacts): Promise<Set<string>> {
  const proposed = new Set<string>();
  const rounds = Math.floor(random.next() * 12);
  const failingRound = random.next() < 0.2 ? Math.floor(random.next() * rounds) : -1;
  for (let round = 0; round < rounds; round++) {
    if (round === failingRound) failSoon(node, random, facts.outcome);
    for (let left = Math.floor(random.next() * 5); left > 0; left--) {
      const command = `${facts.life}/${round}/${left}`;
      proposed.add(command);
      void node.propose(command).then(
        () => {
          facts.acknowledged.add(command);
          facts.outcome.acknowledged++;
        },
        () => {},
      );
    }
    if (random.next() < 0.3) {
      void node.takeSnapshot().then(
        () => facts.outcome.snapshots++,
        () => {},
      );
    }
    await turns(Math.floor(random.next() * 60));
  }
  return proposed;
}

function failSoon(node: SimulatedNode, random: Random, outcome: ScheduleOutcome): void {
  const disk = random.next() < 0.5 ? node.kv : node.directory;
  disk.failAfter(Math.floor(random.next() * 4));
  outcome.failedWrites++;
}

function checkState(
  applied: readonly string[],
  facts: { acknowledged: ReadonlySet<string>; proposed: ReadonlySet<string>; known: readonly string[] },
  seed: number,
): void {
  const distinct = new Set(applied);
  check(distinct.size === applied.length, seed, "a command was applied twice");
  for (const command of facts.acknowledged)
    check(distinct.has(command), seed, `acknowledged and lost: ${command}`);
  check(
    facts.known.every((command, position) => applied[position] === command),
    seed,
    "the order changed",
  );
  const isKnown = (command: string): boolean => facts.known.includes(command) || facts.proposed.has(command);
  check(applied.every(isKnown), seed, "a command came from nowhere");
}

function check(condition: boolean, seed: number, message: string): void {
  if (!condition) throw new Error(`seed=${seed}: ${message}`);
}
