/**
 * Runs the benchmarks of the hot paths.
 *
 *   npm run bench              all of `bench/*.bench.ts`
 *   npm run bench -- tree      those with "tree" in the name of the file
 */
import { readdirSync } from "node:fs";

import { run } from "mitata";

interface BenchModule {
  /** Tells mitata what there is to measure. */
  readonly register: () => void | Promise<void>;
}

const SUFFIX = ".bench.ts";
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.slice(2);
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));

if (chosen.length === 0) {
  console.error(`no benchmark has ${wanted.join(" or ")} in its name; there are: ${names.join(", ")}`);
  process.exitCode = 2;
} else {
  for (const name of chosen) {
    const module = (await import(`./${name}${SUFFIX}`)) as BenchModule;
    await module.register();
  }
  await run();
}
