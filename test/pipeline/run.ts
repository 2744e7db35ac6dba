/**
 * The long form of the simulated pipeline:
 *
 *   npm run simulate:pipeline -- [--seeds 1000] [--first 0]
 *   npm run simulate:pipeline -- --seed N [--lines 200]     one seed again: parameters, broken rule, smaller run, last lines
 *   npm run simulate:pipeline -- --planted [--only TEXT]    plants known bugs and says after how many seeds each is seen
 *
 * Exit code 1 when a rule was broken, something was seen too rarely, or a planted bug was not seen.
 */
import { parseArgs } from "node:util";

import { huntPlanted } from "./run-planted.ts";
import { runSeed, type SeedOutcome } from "./run-seed.ts";
import { Seen } from "./seen.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    first: { type: "string", default: "0" },
    seed: { type: "string" },
    lines: { type: "string", default: "80" },
    planted: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const MAX_FAILURES = 5;
const PROGRESS_SEEDS = 250;

if (values.planted) await runPlanted();
else if (values.seed !== undefined) replay(Number(values.seed));
else runMany(Number(values.first), Number(values.seeds));

function runMany(first: number, count: number): void {
  const seen = new Seen();
  const before = process.cpuUsage();
  const sums = { events: 0, commands: 0, segments: 0, failures: 0 };
  for (let seed = first; seed < first + count && sums.failures < MAX_FAILURES; seed++) {
    const { events, commands, segments, violation, seen: seenNow } = runSeed(seed);
    sums.events += events;
    sums.commands += commands;
    sums.segments += segments;
    seen.addAll(seenNow);
    if (violation) {
      sums.failures++;
      say(`seed ${seed}: ${violation.message}\n  again: npm run simulate:pipeline -- --seed ${seed}`);
    }
    const done = seed - first + 1;
    if (done % PROGRESS_SEEDS === 0) say(`${done} of ${count} seeds, ${sums.failures} failures`);
  }
  const { user, system } = process.cpuUsage(before);
  for (const { sight, have, want } of seen.table(count)) say(`  ${sight}: ${have} (at least ${want})`);
  const missing = seen.missing(count);
  for (const line of missing) say(`seen too rarely: ${line}`);
  const { events, commands, segments, failures } = sums;
  const rate = Math.round(events / ((user + system) / 1e6));
  say(
    `${count} seeds from ${first}: ${events} events, ${commands} commands, ${segments} segments, ${rate} events per second of processor time, ${failures} failures`,
  );
  process.exitCode = failures > 0 || missing.length > 0 ? 1 : 0;
}

function replay(seed: number): void {
  const outcome = runSeed(seed, { isTraced: true });
  if (!outcome.violation) {
    const { events, commands, segments } = outcome;
    say(`seed ${seed}: ${events} events, ${commands} commands, ${segments} segments, no rule broken`);
    return;
  }
  show("the run", outcome);
  show("a smaller run", shrink(outcome));
  process.exitCode = 1;
}

function show(name: string, { swarm, events, violation, lines }: SeedOutcome): void {
  say(`\n${name}: ${events} events, ${Math.round(violation?.atMs ?? 0)} ms\n${JSON.stringify(swarm)}`);
  for (const line of lines.slice(-Number(values.lines))) say(`  ${line}`);
  say(violation?.message ?? "no rule broken");
}

async function runPlanted(): Promise<void> {
  let unseen = 0;
  for await (const { bug, seeds, caught } of huntPlanted(Number(values.seeds), values.only)) {
    if (caught === undefined) unseen++;
    const verdict = caught === undefined ? "NOT SEEN" : "seen";
    say(`${verdict} after ${seeds} seeds: ${bug}${caught === undefined ? "" : `: ${caught}`}`);
  }
  say(`${unseen} planted bugs not seen`);
  process.exitCode = unseen > 0 ? 1 : 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
