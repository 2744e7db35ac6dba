import { systemClock, type Random } from "@hearth/runtime";

import { waitUntil } from "../support/wait-until.ts";
import { pushUntil } from "./client.ts";
import type { RoundReport } from "./crash-rounds.ts";
import type { Ledger } from "./ledger.ts";
import type { Part, Parts } from "./parts.ts";
import { repeatPushes } from "./repeat-pushes.ts";
import { deadLettersIn, leaveOrphan } from "./settled-bucket.ts";
import { verify } from "./verify.ts";

/** Whoever loses something when it is killed. */
const VICTIMS = ["segment-writer", "compaction-worker", "metastore"] as const satisfies readonly Part[];
const SERVICES = ["api", "billing", "cart", "delivery"] as const;
/** Acknowledgements of a round before somebody is killed … */
const MAX_ACKNOWLEDGEMENTS = 40;
/** … and time then, so that workers are at work too. */
const MAX_JITTER_MS = 700;
/** Pushes go on for so long while parts are down. */
const MAX_DOWN_MS = 500;
const MAX_STARTUP_MS = 1_200;
/** On a machine that has other work. */
const PROGRESS_WITHIN_MS = 120_000;
/** Crashes leave some by themselves; one that is left for sure shows that they go. */
const ORPHAN_EVERY = 5;
const CHECK_EVERY = 3;

/**
 * One round: clients push, some of the parts are killed at any moment, alone or together, pushes go on meanwhile, the parts
 * come back, and clients push again what was not acknowledged. Every third round all that was ever sent is asked for.
 */
export async function killRound(
  parts: Parts,
  ledger: Ledger,
  random: Random,
  round: number,
): Promise<RoundReport & { readonly killed: readonly Part[] }> {
  const before = ledger.acknowledgedCount;
  const victims = drawVictims(random);
  let isOver = false;
  const clients = SERVICES.map((service) => pushUntil(() => isOver, { url: parts.pushUrl, service, ledger }));
  try {
    const goal = before + 1 + Math.floor(random.next() * MAX_ACKNOWLEDGEMENTS);
    await waitUntil(() => ledger.acknowledgedCount >= goal, {
      timeoutMs: PROGRESS_WITHIN_MS,
      what: () => `${goal} acknowledgements; there are ${ledger.acknowledgedCount}\n${parts.logs}`,
    });
    const stopsAtKill = random.next() < 0.7;
    const onDown = (): void => void (isOver = stopsAtKill);
    await Promise.all(victims.map((victim) => killAndRestart(parts, victim, { random, onDown })));
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
  if (round % ORPHAN_EVERY === 1) leaveOrphan(parts.stores.bucket);
  const offences = await repeatPushes(parts.pushUrl, ledger, random);
  if (round % CHECK_EVERY === 0) offences.push(...(await checkAll(parts, ledger, `round ${round}`)));
  return { offences, acknowledgedCount: ledger.acknowledgedCount - before, killed: victims };
}

/** Asks for everything that was ever sent, when all dead letters are registered. */
export async function checkAll(parts: Parts, ledger: Ledger, when: string): Promise<string[]> {
  const { bucket } = parts.stores;
  await waitUntil(() => deadLettersIn(bucket).length === 0, {
    timeoutMs: PROGRESS_WITHIN_MS,
    what: () => `dead letters are registered\n${parts.logs}`,
  });
  const { offences, refusals } = await verify(parts.queryUrl, ledger);
  return [...offences, ...refusals].map((offence) => `${when}: ${offence}`);
}

function drawVictims(random: Random): Part[] {
  const chosen = VICTIMS.filter(() => random.next() < 0.45);
  return chosen.length > 0 ? chosen : [VICTIMS[Math.floor(random.next() * VICTIMS.length)]!];
}

/** In every fourth case it is killed once more before it is ready. */
async function killAndRestart(
  parts: Parts,
  victim: Part,
  { random, onDown }: { random: Random; onDown: () => void },
): Promise<void> {
  const [jitter, down, again, startup] = [random.next(), random.next(), random.next(), random.next()];
  await systemClock.sleep(jitter * MAX_JITTER_MS);
  await parts.kill(victim);
  await systemClock.sleep(down * MAX_DOWN_MS);
  onDown();
  if (again < 0.25) {
    await parts.launch(victim);
    await systemClock.sleep(startup * MAX_STARTUP_MS);
    await parts.kill(victim);
  }
  await parts.bring([victim]);
}
