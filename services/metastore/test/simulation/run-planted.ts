import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";

const run = promisify(execFile);

export interface Hunted {
  readonly bug: PlantedBug;
  /** How many seeds it took, or were tried in vain. */
  readonly seeds: number;
  /** What was seen; undefined when nothing was. */
  readonly caught: string | undefined;
}

/** Plants each bug in a process of its own and lets seeds run until one fails. */
export async function* huntPlanted(maxSeeds: number, only?: string): AsyncGenerator<Hunted> {
  for (const bug of PLANTED_BUGS) {
    if (only !== undefined && !bug.name.includes(only)) continue;
    const file = (name: string): string => join(import.meta.dirname, name);
    const by = bug.seenBy === "cluster" ? "cluster" : "schedules";
    const args = [
      "--no-warnings",
      "--import",
      file("plant.ts"),
      file("hunt.ts"),
      "--seeds",
      String(maxSeeds),
      "--by",
      by,
      "--bug",
      bug.name,
    ];
    const { stdout } = await run(process.execPath, args);
    const { seeds, caught } = JSON.parse(stdout) as { seeds: number; caught?: string };
    yield { bug, seeds, caught };
  }
}
