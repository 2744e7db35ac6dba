/**
 * The long form of the simulated cluster:
 *
 *   npm run simulate -- [--seeds 1000] [--first 0] [--events 20000]
 *   npm run simulate -- --seed N [--lines 200]     one seed again: parameters, broken rule, smaller run, last lines
 *   npm run simulate -- --planted [--only TEXT]    plants known bugs and says after how many seeds each is seen
 *   npm run simulate -- --schedules 200000         lives of one node on faulty files, ended by crashes
 *
 * Exit code 1 when a rule was broken, something was seen too rarely, or a planted bug was not seen.
 */
import { parseArgs } from "node:util";

import { systemClock } from "@hearth/runtime";

import { noSchedules, runCrashSchedule, type ScheduleOutcome } from "../support/crash-schedules.ts";
import { huntPlanted } from "./run-planted.ts";
import { runSeed, type SeedOutcome } from "./run-seed.ts";
import { Seen } from "./seen.ts";
import { shrink } from "./shrink.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    first: { type: "string", default: "0" },
    seed: { type: "string" },
    events: { type: "string", default: "20000" },
    lines: { type: "string", default: "80" },
    schedules: { type: "string" },
    planted: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const MAX_FAILURES = 5;
const PROGRESS_SEEDS = 250;
const PROGRESS_SCHEDULES = 10_000;
const events = Number(values.events);

if (values.planted) await runPlanted();
else if (values.schedules !== undefined) await runSchedules(Number(values.first), Number(values.schedules));
else if (values.seed !== undefined) replay(Number(values.seed));
else runMany(Number(values.first), Number(values.seeds ?? 1_000));

function runMany(first: number, count: number): void {
  const seen = new Seen();
  const startMs = systemClock.monotonicMs();
  let eventCount = 0;
  let answered = 0;
  let starts = 0;
  let failures = 0;
  for (let seed = first; seed < first + count && failures < MAX_FAILURES; seed++) {
    const outcome = runSeed(seed, { events });
    eventCount += outcome.events;
    answered += outcome.answered;
    starts += outcome.starts;
    seen.addAll(outcome.seen);
    if (outcome.violation) {
      failures++;
      say(`seed ${seed}: ${outcome.violation.message}\n  again: npm run simulate -- --seed ${seed}`);
    }
    const done = seed - first + 1;
    if (done % PROGRESS_SEEDS === 0) say(`${done} of ${count} seeds, ${failures} failures`);
  }
  const seconds = (systemClock.monotonicMs() - startMs) / 1000;
  for (const { sight, have, want } of seen.table(count)) say(`  ${sight}: ${have} (at least ${want})`);
  const missing = seen.missing(count);
  for (const line of missing) say(`seen too rarely: ${line}`);
  const rate = Math.round(eventCount / seconds);
  say(
    `${count} seeds from ${first}: ${eventCount} events, ${starts} recoveries, ${answered} answers, ${rate} events/s, ${failures} failures`,
  );
  process.exitCode = failures > 0 || missing.length > 0 ? 1 : 0;
}

function replay(seed: number): void {
  const outcome = runSeed(seed, { events, isTraced: true });
  if (!outcome.violation) {
    say(`seed ${seed}: ${outcome.events} events, ${outcome.answered} answers, no rule broken`);
    return;
  }
  show("the run", outcome);
  show("a smaller run", shrink(outcome));
  process.exitCode = 1;
}

function show(name: string, { swarm, events: eventCount, violation, lines }: SeedOutcome): void {
  say(`\n${name}: ${eventCount} events, ${Math.round(violation?.atMs ?? 0)} ms\n${JSON.stringify(swarm)}`);
  for (const line of lines.slice(-Number(values.lines))) say(`  ${line}`);
  say(violation?.message ?? "no rule broken");
}

async function runPlanted(): Promise<void> {
  let unseen = 0;
  for await (const { bug, seeds, caught } of huntPlanted(Number(values.seeds ?? 2_000), values.only)) {
    if (caught === undefined) unseen++;
    say(
      `${caught === undefined ? "NOT SEEN" : "seen"} after ${seeds} seeds: ${bug.name}${caught ? `: ${caught}` : ""}`,
    );
  }
  say(`${unseen} planted bugs not seen`);
  process.exitCode = unseen > 0 ? 1 : 0;
}

/** One node at a time, with the real files of log, hard state and snapshots on disks that crash, tear and fail. */
async function runSchedules(first: number, count: number): Promise<void> {
  const outcome: ScheduleOutcome = noSchedules();
  const startMs = systemClock.monotonicMs();
  for (let seed = first; seed < first + count; seed++) {
    await runCrashSchedule(seed, outcome);
    if ((seed - first + 1) % PROGRESS_SCHEDULES === 0) say(`${seed - first + 1} of ${count} schedules`);
  }
  const seconds = Math.round((systemClock.monotonicMs() - startMs) / 1000);
  say(`${count} schedules from ${first} in ${seconds} s: ${JSON.stringify(outcome)}, no rule broken`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
