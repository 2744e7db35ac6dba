import { Semaphore, systemClock, type Random } from "@hearth/runtime";

import { push, RequestFailedError } from "./client.ts";
import type { Ledger, ProfileKey } from "./ledger.ts";

const KNOWN_PUSHES = 5;
const CONCURRENT_PUSHES = 8;
/** On a machine that has other work, a server that has just started is slow. */
const TAKEN_WITHIN_MS = 120_000;
const AGAIN_MS = 200;

/**
 * Pushes what was not acknowledged again, until it is, as clients do, and some of what was. Both look the same to the server: it
 * must know by content.
 *
 * @returns a sentence for each push that is not taken in the end.
 */
export async function repeatPushes(url: string, ledger: Ledger, random: Random): Promise<string[]> {
  const acknowledged = ledger.profiles("acknowledged");
  const known = Array.from({ length: Math.min(KNOWN_PUSHES, acknowledged.length) }, () => {
    return acknowledged[Math.floor(random.next() * acknowledged.length)]!;
  });
  const endMs = systemClock.monotonicMs() + TAKEN_WITHIN_MS;
  const turns = new Semaphore(CONCURRENT_PUSHES);
  const { signal } = new AbortController();
  const pushes = [...ledger.profiles("sent"), ...known].map((key) =>
    turns.run(async () => {
      const problem = await pushUntilTaken(url, key, endMs);
      if (problem !== undefined) return [`never acknowledged: ${problem}`];
      ledger.acknowledge(key);
      return [];
    }, signal),
  );
  return (await Promise.all(pushes)).flat();
}

/** @returns why it was refused last; undefined when it was taken in the end. */
async function pushUntilTaken(url: string, key: ProfileKey, endMs: number): Promise<string | undefined> {
  for (;;) {
    try {
      await push(url, [key]);
      return undefined;
    } catch (error) {
      if (!(error instanceof RequestFailedError)) throw error;
      if (systemClock.monotonicMs() > endMs) return error.message;
      await systemClock.sleep(AGAIN_MS);
    }
  }
}
