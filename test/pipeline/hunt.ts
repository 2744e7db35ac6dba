import { parseArgs } from "node:util";

import { runSeed } from "./run-seed.ts";

/** Runs seeds until one fails; prints which and why, as JSON. Run by `simulate:pipeline --planted` with a bug planted. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    bug: { type: "string" },
    list: { type: "string" },
  },
});

process.stdout.write(`${JSON.stringify(hunt(Number(values.seeds)))}\n`);

function hunt(count: number): { seeds: number; caught?: string } {
  for (let seed = 0; seed < count; seed++) {
    const { violation } = runSeed(seed);
    if (violation) return { seeds: seed + 1, caught: violation.message.split("\n")[0] ?? "" };
  }
  return { seeds: count };
}
