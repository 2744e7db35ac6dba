/**
 * The long form of the durability tests:
 *
 *   npm run test:durability -- [--rounds 50] [--damages 60] [--kind one|parts|both] [--seed N]
 *
 * `one`: crashes the server in rounds on one folder, then starts it on copies of that folder with a file damaged each. `parts`: kills
 * writer, metastore and compaction worker, alone and together, while the other parts go on. `both`: half of the rounds each. In the end
 * the bucket holds what the index says, and nothing else. Ends with a summary; exit code 1 when anything was lost, doubled,
 * left over or answered wrongly.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { seededRandom, systemClock, type Random } from "@hearth/runtime";

import { quickStart } from "../support/quick-start.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { crashRound, finalCheck, settle } from "./crash-rounds.ts";
import { DAMAGES, dataFilesIn, oneOfEachKind, type Damage } from "./damage.ts";
import { tryDamage } from "./damage-trial.ts";
import { checkAll, killRound } from "./kill-rounds.ts";
import { Ledger } from "./ledger.ts";
import { Parts } from "./parts.ts";
import { durabilityFlags } from "./quick-flags.ts";
import { judgeSettled, leaveOrphan } from "./settled-bucket.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    damages: { type: "string", default: "60" },
    kind: { type: "string", default: "both" },
    seed: { type: "string", default: String(systemClock.nowMs() % 1_000_000) },
  },
});
const rounds = Number(values.rounds);
const damageCount = Number(values.damages);
const seed = Number(values.seed);
const { kind } = values;

const random = seededRandom(seed);
const folder = temporaryFolder("durability");
const dir = join(folder.path, "data");
const options = { dir, flags: durabilityFlags(dir), env: quickStart };
const ledger = new Ledger();
let offenceCount = 0;
let acknowledgedCount = 0;
let damageSummary = "none";

const startMs = systemClock.monotonicMs();
say(`durability: rounds=${rounds} kind=${kind} damages=${damageCount} seed=${seed} folder=${folder.path}`);
const roundsOfParts = kind === "parts" ? rounds : kind === "both" ? Math.ceil(rounds / 2) : 0;
if (roundsOfParts > 0) await killParts(roundsOfParts);
if (roundsOfParts < rounds) await crashTheWhole(rounds - roundsOfParts);
if (offenceCount === 0) folder.remove();

const elapsedSeconds = Math.round((systemClock.monotonicMs() - startMs) / 1000);
say(
  `durability: ${rounds} rounds, ${acknowledgedCount} acknowledged profiles; damages: ${damageSummary}; ` +
    `${offenceCount} offences; ${elapsedSeconds} s; seed ${seed}` +
    (offenceCount === 0 ? "" : `; the data are kept in ${folder.path}`),
);
process.exitCode = offenceCount === 0 ? 0 : 1;

async function crashTheWhole(count: number): Promise<void> {
  for (let round = 1; round <= count; round++) {
    const report = await crashRound(options, ledger, random);
    complain(report.offences);
    say(`round ${round} of ${count}: ${report.acknowledgedCount} acknowledged, ${sinceStart()}`);
  }
  leaveOrphan(join(dir, "bucket"));
  complain(await settle(dir));
  complain(await finalCheck(options, ledger));
  acknowledgedCount += ledger.acknowledgedCount;
  const outcomes = await tryDamages();
  damageSummary = [...outcomes].map(([type, times]) => `${times} ${type}`).join(", ") || "none";
}

async function killParts(count: number): Promise<void> {
  const ofParts = new Ledger();
  await using parts = await Parts.start(join(folder.path, "parts"));
  for (let round = 1; round <= count; round++) {
    const report = await killRound(parts, ofParts, random, round);
    complain(report.offences);
    say(
      `round ${round} of ${count}: killed ${report.killed.join(", ")}; ` +
        `${report.acknowledgedCount} acknowledged, ${sinceStart()}`,
    );
  }
  complain((await judgeSettled(parts.stores)).map((problem) => `in the bucket: ${problem}`));
  complain(await checkAll(parts, ofParts, "at the end"));
  acknowledgedCount += ofParts.acknowledgedCount;
  if (offenceCount > 0) say(parts.logs);
}

function sinceStart(): string {
  return `${Math.round((systemClock.monotonicMs() - startMs) / 1000)} s`;
}

async function tryDamages(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const [index, { file, damage }] of planDamages(random).entries()) {
    const outcome = await tryDamage({ ...options, ledger }, { file, damage }, random);
    counts.set(outcome.type, (counts.get(outcome.type) ?? 0) + 1);
    if (outcome.type === "offence") complain(outcome.offences);
    say(
      `damage ${index + 1} of ${damageCount}: ${damage} in ${file}: ${JSON.stringify(outcome).slice(0, 200)}`,
    );
  }
  return counts;
}

/** Every kind of file with every damage first, then any. */
function planDamages(random: Random): { file: string; damage: Damage }[] {
  const files = dataFilesIn(options.dir);
  const certain = oneOfEachKind(files, random).flatMap((file) => DAMAGES.map((damage) => ({ file, damage })));
  const anywhere = Array.from({ length: damageCount }, () => ({
    file: files[Math.floor(random.next() * files.length)]!,
    damage: DAMAGES[Math.floor(random.next() * DAMAGES.length)]!,
  }));
  return [...certain, ...anywhere].slice(0, damageCount);
}

function complain(offences: readonly string[]): void {
  offenceCount += offences.length;
  for (const offence of offences.slice(0, 20)) say(`OFFENCE ${offence}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
