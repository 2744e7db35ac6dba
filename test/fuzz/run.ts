/**
 * The long form of the fuzz tests:
 *
 *   npm run fuzz -- [--count 100000] [--seed N] [--part decoders|endpoints|internal] [--only INDEX]
 *
 * `count` mutated inputs for each decoder, and on average as many for each endpoint, for clients and between parts.
 * `--only`, with `--part endpoints` or `internal`, shows one request, sends it and shows what is wrong. Ends with a
 * summary; exit code 1 when anything crashed, hung or answered improperly.
 */
import { parseArgs } from "node:util";

import { systemClock } from "@hearth/runtime";

import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { loadDecoders } from "./decoders.ts";
import { fuzzDecoder } from "./fuzz-decoder.ts";
import { fuzzEndpoints, memoryOf } from "./fuzz-endpoints.ts";
import { mutant } from "./mutate-request.ts";
import { INTERNAL_TARGETS, loadInternalSeeds, loadSeeds, type Seed } from "./seeds.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string" },
    seed: { type: "string" },
    part: { type: "string" },
    only: { type: "string" },
  },
});
const count = Number(values.count ?? 100_000);
const seed = Number(values.seed ?? systemClock.nowMs() % 1_000_000);
const only = values.only === undefined ? undefined : Number(values.only);
const BATCH = 2_000;
/** What is shown of the server's log beside offences: it has the reason of an internal error. */
const LOG_CHARACTERS = 4_000;
let offenceCount = 0;

// A rejection that nobody handles ends a server; here it is an offence like others.
process.on("unhandledRejection", (reason) => {
  complain([`unhandled: ${String((reason as Error).stack ?? reason)}`]);
});

say(`fuzz: count=${count} seed=${seed}`);
if (runs("decoders")) await fuzzDecoders();
if (runs("endpoints")) await fuzzServer("endpoints", await loadSeeds(), []);
if (runs("internal")) await fuzzServer("internal", loadInternalSeeds(), [INTERNAL_TARGETS]);
say(`fuzz: ${offenceCount} offences; seed ${seed}`);
process.exitCode = offenceCount === 0 ? 0 : 1;

function runs(part: "decoders" | "endpoints" | "internal"): boolean {
  return values.part === undefined || values.part === part;
}

async function fuzzDecoders(): Promise<void> {
  for (const decoder of await loadDecoders()) {
    const before = offenceCount;
    complain(await fuzzDecoder(decoder, { seed, count }));
    say(`decoder ${decoder.name}: ${count} inputs, ${offenceCount - before} offences`);
  }
}

async function fuzzServer(
  part: "endpoints" | "internal",
  seeds: ReadonlyMap<string, readonly Seed[]>,
  flags: readonly string[],
): Promise<void> {
  const folder = temporaryFolder("fuzz");
  await using server = await ServerProcess.start({ dir: folder.path, flags: [...goldenFlags, ...flags] });
  const target =
    part === "endpoints"
      ? ({ url: server.url, asker: "client" } as const)
      : ({ url: `http://${server.rpcAddress}`, asker: "part" } as const);
  say(`${part}: ${seeds.size}, memory at the beginning ${megabytes(memoryOf(server.pid))}`);
  if (only !== undefined) showRequest(seeds, only);
  const start = only ?? 0;
  const end = only === undefined ? count * seeds.size : only + 1;
  const statuses = new Map<number, number>();
  for (let first = start; first < end && server.isRunning; first += BATCH) {
    const size = Math.min(BATCH, end - first);
    const report = await fuzzEndpoints(server, { ...target, seeds, seed, first, count: size });
    complain(report.offences);
    if (report.offences.length > 0) say(`log: ${server.logs.slice(-LOG_CHARACTERS)}`);
    for (const [status, number] of report.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + number);
    }
    const memory = megabytes(report.peakMemoryBytes);
    const slowest = `slowest ${Math.round(report.slowestMs)} ms`;
    say(
      `${part}: ${first + size - start} of ${end - start}: ${offenceCount} offences, memory ${memory}, ${slowest}`,
    );
  }
  const sorted = [...statuses].sort(([a], [b]) => a - b);
  say(`${part}: answers by status: ${JSON.stringify(Object.fromEntries(sorted))}`);
  folder.remove();
}

function showRequest(seeds: ReadonlyMap<string, readonly Seed[]>, index: number): void {
  const { body, ...request } = mutant(seeds, { seed, index });
  say(JSON.stringify({ ...request, body: Buffer.from(body).toString("latin1").slice(0, 4_000) }, null, 2));
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
