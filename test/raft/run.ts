/**
 * The long form of the tests of a replicated metastore:
 *
 *   npm run test:raft -- [--kills 500] [--partitions 50] [--wipes 20] [--restarts 20] [--freezes 20] [--replacements 10]
 *                        [--hangs 5] [--slow-disks 10] [--pushes 5] [--seed N]
 *
 * One group of three processes lives through all faults, one after the other, under load. Ends with a summary; exit code 1
 * when an answer was not that of one metastore that never fails.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { seededRandom, systemClock } from "@hearth/runtime";

import { temporaryFolder } from "../support/temporary-folder.ts";
import { checkFinalState, type Registration } from "./history.ts";
import { planFaults } from "./plan.ts";
import { pushWhileLeaderIsKilled } from "./pushes.ts";
import { RaftCluster } from "./raft-cluster.ts";
import { describeFailure, faultRound, seenByEach } from "./round.ts";
import { Summary } from "./summary.ts";

/** Of answers to pushes with an error, while another node takes the lead. */
const MAX_ERRORS_FOR_MS = 3_000;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "500" },
    partitions: { type: "string", default: "50" },
    wipes: { type: "string", default: "20" },
    restarts: { type: "string", default: "20" },
    freezes: { type: "string", default: "20" },
    replacements: { type: "string", default: "10" },
    hangs: { type: "string", default: "5" },
    "slow-disks": { type: "string", default: "10" },
    pushes: { type: "string", default: "5" },
    seed: { type: "string" },
  },
});
const counts = {
  kills: Number(values.kills),
  partitions: Number(values.partitions),
  wipes: Number(values.wipes),
  restarts: Number(values.restarts),
  freezes: Number(values.freezes),
  replacements: Number(values.replacements),
  hangs: Number(values.hangs),
  slowDisks: Number(values["slow-disks"]),
};
const pushCount = Number(values.pushes);
const seed = Number(values.seed ?? Math.floor(systemClock.nowMs() % 1_000_000));

const random = seededRandom(seed);
const folder = temporaryFolder("raft");
const summary = new Summary();
const registered = new Map<string, readonly Registration[]>();
let offenceCount = 0;

say(`raft: ${JSON.stringify(counts)} seed=${seed} folder=${folder.path}`);
try {
  await runRounds();
} catch (error) {
  complain([String(error)]);
}
for (const line of summary.lines) say(line);
if (offenceCount === 0) folder.remove();
say(
  `raft: ${registered.size} rounds, ${offenceCount} offences; seed ${seed}` +
    (offenceCount === 0 ? "" : `; data and logs are kept in ${folder.path}`),
);
process.exitCode = offenceCount === 0 ? 0 : 1;

async function runRounds(): Promise<void> {
  await using cluster = await RaftCluster.start(folder.path);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void giveUp(cluster));
  try {
    await runRoundsOn(cluster);
  } catch (error) {
    keepLogs(cluster, "failed");
    throw error;
  }
}

/** Whoever ends the run ends its servers too. */
async function giveUp(cluster: RaftCluster): Promise<void> {
  await cluster[Symbol.asyncDispose]();
  process.exit(1);
}

async function runRoundsOn(cluster: RaftCluster): Promise<void> {
  const planned = planFaults(counts, random);
  for (const [index, fault] of planned.entries()) {
    const startMs = systemClock.monotonicMs();
    const tenant = `round-${index + 1}`;
    const report = await faultRound(cluster, fault, { tenant, random });
    registered.set(tenant, report.registrations);
    summary.add(report);
    say(
      `round ${index + 1} of ${planned.length}: ${fault}: ${report.acknowledgedCount} writes, ${report.readCount} reads, ` +
        `pause ${Math.round(report.pauseMs)} ms, ${report.failures.length} failed, ` +
        `took ${((systemClock.monotonicMs() - startMs) / 1000).toFixed(1)} s`,
    );
    for (const failure of report.failures.slice(0, 3)) say(`  ${describeFailure(failure)}`);
    complain(report.offences);
    if (report.offences.length > 0) keepLogs(cluster, tenant);
  }
  await runPushes(cluster);
  for (const [tenant, registrations] of registered) {
    const offences = checkFinalState(registrations, await seenByEach(cluster, tenant));
    complain(offences.map((offence) => `at the end: ${tenant}: ${offence}`));
  }
}

async function runPushes(cluster: RaftCluster): Promise<void> {
  for (let time = 1; time <= pushCount; time++) {
    const report = await pushWhileLeaderIsKilled(cluster, `pushes-${time}`);
    say(
      `pushes ${time} of ${pushCount}: ${report.acknowledgedCount} acknowledged, the slowest after ` +
        `${Math.round(report.slowestPushMs)} ms, ${report.errorCount} errors, ` +
        `for at most ${Math.round(report.errorsForMs)} ms, all found after ${Math.round(report.foundAfterMs)} ms`,
    );
    complain(report.offences);
    if (report.errorsForMs > MAX_ERRORS_FOR_MS) {
      complain([`pushes were refused for ${Math.round(report.errorsForMs)} ms`]);
    }
  }
}

function keepLogs(cluster: RaftCluster, name: string): void {
  mkdirSync(join(folder.path, "logs"), { recursive: true });
  for (const place of cluster.members) {
    writeFileSync(join(folder.path, "logs", `${name}-node-${place}.log`), cluster.node(place).logs);
  }
}

function complain(offences: readonly string[]): void {
  offenceCount += offences.length;
  for (const offence of offences.slice(0, 20)) say(`OFFENCE ${offence}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
