/**
 * The long form of the fuzz tests:
 *
 *   npm run fuzz -- [--count 100000] [--seed N] [--decoders-only | --endpoints-only] [--only INDEX]
 *
 * `count` mutated inputs for each decoder, and on average as many for each endpoint; `--only` shows one request, sends it
 * and shows what is wrong. Ends with a summary; exit code 1 when anything crashed, hung or answered improperly.
 */
import { parseArgs } from "node:util";

import { systemClock } from "@hearth/runtime";

import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { loadDecoders } from "./decoders.ts";
import { fuzzDecoder } from "./fuzz-decoder.ts";
import { fuzzEndpoints, memoryOf } from "./fuzz-endpoints.ts";
import { mutant } from "./mutate-request.ts";
import { loadSeeds } from "./seeds.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    "decoders-only": { type: "boolean" },
    "endpoints-only": { type: "boolean" },
  },
});
const count = Number(values.count ?? 100_000);
const seed = Number(values.seed ?? systemClock.nowMs() % 1_000_000);
const BATCH = 2_000;
let offenceCount = 0;

// A rejection that nobody handles ends a server; here it is an offence like others.
process.on("unhandledRejection", (reason) =>
  complain([`unhandled: ${String((reason as Error).stack ?? reason)}`]),
);

say(`fuzz: count=${count} seed=${seed}`);
if (values["endpoints-only"] !== true && values.only === undefined) await fuzzDecoders();
if (values["decoders-only"] !== true) await fuzzServer();
say(`fuzz: ${offenceCount} offences; seed ${seed}`);
process.exitCode = offenceCount === 0 ? 0 : 1;

async function fuzzDecoders(): Promise<void> {
  for (const decoder of await loadDecoders()) {
    const offences = await fuzzDecoder(decoder, { seed, count });
    complain(offences);
    say(`decoder ${decoder.name}: ${count} inputs, ${offences.length} offences`);
  }
}

async function fuzzServer(): Promise<void> {
  const folder = temporaryFolder("fuzz");
  const seeds = await loadSeeds();
  const total = values.only === undefined ? count * seeds.size : 1;
  const start = Number(values.only ?? 0);
  await using server = await ServerProcess.start({ dir: folder.path, flags: goldenFlags });
  if (values.only !== undefined) showRequest(start);
  say(`endpoints: ${seeds.size}, memory at the beginning ${megabytes(memoryOf(server.pid))}`);
  const statuses = new Map<number, number>();
  for (let first = start; first < start + total && server.isRunning; first += BATCH) {
    const batch = Math.min(BATCH, start + total - first);
    const report = await fuzzEndpoints(server, { seeds, seed, first, count: batch });
    complain(report.offences);
    for (const [status, number] of report.statuses)
      statuses.set(status, (statuses.get(status) ?? 0) + number);
    const memory = megabytes(report.peakMemoryBytes);
    say(
      `requests ${first + batch - start} of ${total}: ${offenceCount} offences, memory ${memory}, slowest ${Math.round(report.slowestMs)} ms`,
    );
  }
  say(`answers by status: ${JSON.stringify(Object.fromEntries([...statuses].sort(([a], [b]) => a - b)))}`);
  folder.remove();

  function showRequest(index: number): void {
    const { body, ...request } = mutant(seeds, { seed, index });
    say(JSON.stringify({ ...request, body: Buffer.from(body).toString("latin1").slice(0, 4_000) }, null, 2));
  }
}

function complain(offences: readonly string[]): void {
  offenceCount += offences.length;
  for (const offence of offences.slice(0, 20)) say(`OFFENCE ${offence}`);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
