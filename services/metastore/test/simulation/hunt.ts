import { parseArgs } from "node:util";

import { noSchedules, runCrashSchedule } from "../support/crash-schedules.ts";
import { runSeed } from "./run-seed.ts";

/** Runs seeds until one fails; prints which and why, as JSON. Run by `simulate --planted` with a bug planted. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "2000" },
    by: { type: "string", default: "cluster" },
    bug: { type: "string" },
  },
});
const count = Number(values.seeds);
const EVENTS = 20_000;

const problem = values.by === "cluster" ? huntInCluster() : await huntInSchedules();
process.stdout.write(`${JSON.stringify(problem ?? { seeds: count })}\n`);

function huntInCluster(): { seeds: number; caught: string } | undefined {
  for (let seed = 0; seed < count; seed++) {
    const { violation } = runSeed(seed, { events: EVENTS });
    if (violation) return { seeds: seed + 1, caught: violation.message.split("\n")[0] ?? "" };
  }
  return undefined;
}

async function huntInSchedules(): Promise<{ seeds: number; caught: string } | undefined> {
  const outcome = noSchedules();
  for (let seed = 0; seed < count; seed++) {
    try {
      await runCrashSchedule(seed, outcome);
    } catch (error) {
      return { seeds: seed + 1, caught: (error as Error).message };
    }
  }
  return undefined;
}
