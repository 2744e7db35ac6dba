import { askFor, RequestFailedError, type Stored } from "./client.ts";
import type { Ledger } from "./ledger.ts";

export interface Verdict {
  /** Answers that are not true: something is lost, doubled, altered or invented. */
  readonly offences: readonly string[];
  /** Questions that the server refused to answer, and what it said. */
  readonly refusals: readonly string[];
}

/** Asks the server for everything in the ledger. */
export async function verify(url: string, ledger: Ledger): Promise<Verdict> {
  const verdicts = await Promise.all(ledger.services.map((service) => verifyService(url, ledger, service)));
  return {
    offences: verdicts.flatMap(({ offences }) => offences),
    refusals: verdicts.flatMap(({ refusals }) => refusals),
  };
}

async function verifyService(url: string, ledger: Ledger, service: string): Promise<Verdict> {
  try {
    const stored = await askFor(url, service, ledger.lastSecond(service));
    const offences = [...ledger.judge(service, stored.points), ...disagreements(service, stored)];
    return { offences, refusals: [] };
  } catch (error) {
    if (error instanceof RequestFailedError) return { offences: [], refusals: [error.message] };
    throw error;
  }
}

function disagreements(service: string, { points, flameGraphTotal, profileTotal }: Stored): string[] {
  const total = [...points.values()].reduce((sum, value) => sum + value, 0);
  const isAgreed = total === flameGraphTotal && total === profileTotal;
  const totals = `points=${total} flame_graph=${flameGraphTotal} profile=${profileTotal}`;
  return isAgreed ? [] : [`totals differ: service=${service} ${totals}`];
}
