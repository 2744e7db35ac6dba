import { systemClock, type Random } from "@hearth/runtime";

import { ServerProcess, type ServerOptions } from "../support/server-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import { pushUntilItFails } from "./client.ts";
import type { Ledger } from "./ledger.ts";
import { Parts } from "./parts.ts";
import { repeatPushes } from "./repeat-pushes.ts";
import { judgeSettled } from "./settled-bucket.ts";
import { verify } from "./verify.ts";

const SERVICES = ["api", "billing", "cart", "delivery", "email", "fraud", "gateway", "home"] as const;
/** A crash comes after up to this many acknowledgements of a round … */
const MAX_ACKNOWLEDGEMENTS = 120;
/** … and then anywhere within a few flushes. */
const MAX_JITTER_MS = 60;
const MAX_STARTUP_MS = 1_200;
/** On a machine that has other work. */
const PUSH_TIMEOUT_MS = 60_000;

export interface RoundReport {
  readonly offences: readonly string[];
  /** Profiles acknowledged in this round. */
  readonly acknowledgedCount: number;
}

/**
 * One crash: starts the server on what the crash before has left, checks all that was ever sent, sends again what was
 * not acknowledged (as clients do) and some that was, checks again, and kills the server under full load.
 */
export async function crashRound(
  options: ServerOptions,
  ledger: Ledger,
  random: Random,
): Promise<RoundReport> {
  const before = ledger.acknowledgedCount;
  await crashWhileStarting(options, random);
  const server = await ServerProcess.start(options);
  try {
    const offences = [
      ...(await check(server, ledger, "after the restart")),
      ...(await repeatPushes(server.url, ledger, random)),
      ...(await check(server, ledger, "after the repeats")),
    ];
    await crashUnderLoad(server, ledger, random);
    return { offences, acknowledgedCount: ledger.acknowledgedCount - before };
  } finally {
    await server.kill("SIGKILL");
  }
}

/** The last look: nothing is pushed any more, and the server is stopped in peace. */
export async function finalCheck(options: ServerOptions, ledger: Ledger): Promise<readonly string[]> {
  await using server = await ServerProcess.start(options);
  return await check(server, ledger, "at the end");
}

/** Lets compaction come to its end, and looks at every object of the bucket. No server may run on the folder. */
export async function settle(dir: string): Promise<readonly string[]> {
  await using parts = await Parts.start(dir, ["metastore", "compaction-worker"]);
  return (await judgeSettled(parts.stores)).map((problem) => `in the bucket: ${problem}`);
}

/** In every fourth round: a process that does not even get ready. */
async function crashWhileStarting(options: ServerOptions, random: Random): Promise<void> {
  if (random.next() < 0.75) return;
  const starting = await ServerProcess.launch(options);
  await systemClock.sleep(random.next() * MAX_STARTUP_MS);
  await starting.kill("SIGKILL");
}

async function crashUnderLoad(server: ServerProcess, ledger: Ledger, random: Random): Promise<void> {
  const goal = ledger.acknowledgedCount + 1 + Math.floor(random.next() * MAX_ACKNOWLEDGEMENTS);
  const clients = Promise.all(SERVICES.map((service) => pushUntilItFails(server.url, service, ledger)));
  await waitUntil(() => ledger.acknowledgedCount >= goal || !server.isRunning, {
    timeoutMs: PUSH_TIMEOUT_MS,
    what: () => `${goal} acknowledgements; there are ${ledger.acknowledgedCount}\n${server.logs}`,
  });
  await systemClock.sleep(random.next() * MAX_JITTER_MS);
  await server.kill("SIGKILL");
  await clients;
}

async function check(server: ServerProcess, ledger: Ledger, when: string): Promise<string[]> {
  const { offences, refusals } = await verify(server.url, ledger);
  return [...offences, ...refusals].map((offence) => `${when}: ${offence}`);
}
