/**
 * The long form of the durability tests:
 *
 *   npm run test:durability -- [--rounds 50] [--damages 60] [--seed N]
 *
 * Crashes the server in rounds on one folder, then starts it on copies of that folder with a file damaged each. Ends
 * with a summary; exit code 1 when anything was lost, doubled or answered wrongly.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";

import { seededRandom, systemClock, type Random } from "@hearth/runtime";

import { temporaryFolder } from "../support/temporary-folder.ts";
import { crashRound, durabilityFlags, finalCheck } from "./crash-rounds.ts";
import { DAMAGES, dataFilesIn, oneOfEachKind, type Damage } from "./damage.ts";
import { tryDamage } from "./damage-trial.ts";
import { Ledger } from "./ledger.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string" }, damages: { type: "string" }, seed: { type: "string" } },
});
const rounds = Number(values.rounds ?? 50);
const damageCount = Number(values.damages ?? 60);
const seed = Number(values.seed ?? systemClock.nowMs() % 1_000_000);

const random = seededRandom(seed);
const ledger = new Ledger();
const folder = temporaryFolder("durability");
const options = { dir: join(folder.path, "data"), flags: durabilityFlags };
let offenceCount = 0;

say(`durability: rounds=${rounds} damages=${damageCount} seed=${seed} folder=${folder.path}`);
for (let round = 1; round <= rounds; round++) {
  const { offences, acknowledgedCount } = await crashRound(options, ledger, random);
  complain(offences);
  say(`round ${round} of ${rounds}: ${acknowledgedCount} acknowledged, ${ledger.acknowledgedCount} in all`);
}
complain(await finalCheck(options, ledger));
const outcomes = await tryDamages();
if (offenceCount === 0) folder.remove();

const damageSummary = [...outcomes].map(([type, count]) => `${count} ${type}`).join(", ");
say(
  `durability: ${rounds} rounds, ${ledger.acknowledgedCount} acknowledged profiles; ` +
    `damages: ${damageSummary || "none"}; ${offenceCount} offences; seed ${seed}` +
    (offenceCount === 0 ? "" : `; the data are kept in ${options.dir}`),
);
process.exitCode = offenceCount === 0 ? 0 : 1;

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
