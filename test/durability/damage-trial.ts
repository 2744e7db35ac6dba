import { join } from "node:path";

import type { Random } from "@hearth/runtime";

import { quickStart } from "../support/quick-start.ts";
import { ServerDidNotStartError, ServerProcess, type ServerOptions } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { copyDamaged, type Damage } from "./damage.ts";
import type { Ledger } from "./ledger.ts";
import { verify } from "./verify.ts";

/** How a damage came out. The first three are as it should be; an offence never is. */
export type Outcome =
  | { readonly type: "harmless" }
  /** The process refused to start, and said why. */
  | { readonly type: "refused to start"; readonly said: string }
  /** Some questions were refused, and all that were answered were answered truly. */
  | { readonly type: "refused to answer"; readonly said: string }
  | { readonly type: "offence"; readonly offences: readonly string[] };

/** Starts the server on a damaged copy of its folder and asks it for everything. */
export async function tryDamage(
  source: { readonly dir: string; readonly flags: readonly string[]; readonly ledger: Ledger },
  target: { readonly file: string; readonly damage: Damage },
  random: Random,
): Promise<Outcome> {
  const copy = temporaryFolder("damaged");
  try {
    const dir = join(copy.path, "data");
    copyDamaged(source.dir, dir, target, random);
    return await outcomeOf({ dir, flags: source.flags, env: quickStart }, source.ledger);
  } finally {
    copy.remove();
  }
}

async function outcomeOf(options: ServerOptions, ledger: Ledger): Promise<Outcome> {
  const server = await ServerProcess.launch(options);
  try {
    // A process may refuse by ending, or stay up, not ready, and say why: then every question must be refused too.
    await server.waitUntilReady({ orItSays: /level=error/u });
    const { offences, refusals } = await verify(server.url, ledger);
    if (offences.length > 0) return { type: "offence", offences: offences.slice(0, 5) };
    return refusals.length > 0 ? { type: "refused to answer", said: refusals[0]! } : { type: "harmless" };
  } catch (error) {
    if (!(error instanceof ServerDidNotStartError)) throw error;
    if (error.logs.trim() === "") return { type: "offence", offences: ["it ended without a word"] };
    return { type: "refused to start", said: lastLine(error.logs) };
  } finally {
    await server.kill("SIGKILL");
  }
}

function lastLine(logs: string): string {
  return logs.trimEnd().split("\n").at(-1) ?? "";
}
