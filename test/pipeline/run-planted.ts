import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { PLANTED_BUGS } from "./planted-bugs.ts";

const run = promisify(execFile);

/** Shared with the simulated cluster. */
const PLANT = join(import.meta.dirname, "../../services/metastore/test/simulation/plant.ts");

export interface Hunted {
  readonly bug: string;
  /** How many seeds it took, or were tried in vain. */
  readonly seeds: number;
  /** What was seen; undefined when nothing was. */
  readonly caught: string | undefined;
}

/** Plants each bug in a process of its own and lets seeds run until one fails. */
export async function* huntPlanted(maxSeeds: number, only?: string): AsyncGenerator<Hunted> {
  const file = (name: string): string => join(import.meta.dirname, name);
  for (const { name } of PLANTED_BUGS) {
    if (only !== undefined && !name.includes(only)) continue;
    const { stdout } = await run(process.execPath, [
      "--no-warnings",
      "--import",
      PLANT,
      file("hunt.ts"),
      "--list",
      file("planted-bugs.ts"),
      "--seeds",
      String(maxSeeds),
      "--bug",
      name,
    ]);
    const { seeds, caught } = JSON.parse(stdout) as { seeds: number; caught?: string };
    yield { bug: name, seeds, caught };
  }
}
