/**
 * The long form of the fuzz tests:
 *
 *   npm run fuzz -- [--count 100000] [--seed N] [--part decoders|endpoints|internal] [--from INDEX] [--to INDEX]
 *                   [--only INDEX]
 *
 * `count` mutated inputs for each decoder, and on average as many for each endpoint, for clients and between parts.
 * Requests go to a new server on an empty folder after each round. A run that was cut short goes on with `--from`,
 * the first index of the round that was not finished; with `--to` it ends before an index, so that several can share the work.
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
    from: { type: "string" },
    to: { type: "string" },
    only: { type: "string" },
  },
});
const count = Number(values.count ?? 100_000);
const seed = Number(values.seed ?? systemClock.nowMs() % 1_000_000);
const from = Number(values.from ?? 0);
const to = Number(values.to ?? Infinity);
const only = values.only === undefined ? undefined : Number(values.only);
const BATCH = 2_000;
/** Requests that one server gets. */
const ROUND = 100_000;
const MAX_MEMORY_BYTES = 1e9;
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

type Seeds = ReadonlyMap<string, readonly Seed[]>;
type ServedPart = "endpoints" | "internal";

async function fuzzServer(part: ServedPart, seeds: Seeds, flags: readonly string[]): Promise<void> {
  const end = only === undefined ? Math.min(to, count * seeds.size) : only + 1;
  const statuses = new Map<number, number>();
  say(`${part}: ${seeds.size}, requests ${only ?? from} to ${end}`);
  if (only !== undefined) showRequest(seeds, only);
  for (let first = only ?? from; first < end; first += ROUND) {
    const size = Math.min(ROUND, end - first);
    const folder = temporaryFolder("fuzz");
    const answers = await fuzzRound(part, { seeds, flags, first, size, dir: folder.path });
    folder.remove();
    for (const [status, number] of answers) {
      statuses.set(status, (statuses.get(status) ?? 0) + number);
    }
  }
  const sorted = [...statuses].sort(([a], [b]) => a - b);
  say(`${part}: answers by status: ${JSON.stringify(Object.fromEntries(sorted))}`);
}

interface Round {
  readonly seeds: Seeds;
  readonly flags: readonly string[];
  readonly first: number;
  readonly size: number;
  /** Empty. */
  readonly dir: string;
}

/** Sends the requests `[first, first + size)` to a server of their own; answers by status. */
async function fuzzRound(part: ServedPart, round: Round): Promise<ReadonlyMap<number, number>> {
  const { seeds, flags, first, size, dir } = round;
  await using server = await ServerProcess.start({ dir, flags: [...goldenFlags, ...flags] });
  const target =
    part === "endpoints"
      ? ({ url: server.url, asker: "client" } as const)
      : ({ url: `http://${server.rpcAddress}`, asker: "part" } as const);
  const startBytes = memoryOf(server.pid);
  const statuses = new Map<number, number>();
  let peakBytes = 0;
  let slowestMs = 0;
  for (let sent = 0; sent < size && server.isRunning; sent += BATCH) {
    const batch = { first: first + sent, count: Math.min(BATCH, size - sent) };
    const report = await fuzzEndpoints(server, { ...target, seeds, seed, ...batch });
    complain(report.offences);
    if (report.offences.length > 0) say(`log: ${server.logs.slice(-LOG_CHARACTERS)}`);
    for (const [status, number] of report.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + number);
    }
    peakBytes = Math.max(peakBytes, report.peakMemoryBytes);
    slowestMs = Math.max(slowestMs, report.slowestMs);
  }
  if (peakBytes > MAX_MEMORY_BYTES) complain([`round from ${first}: memory ${megabytes(peakBytes)}`]);
  const memory = `memory ${megabytes(startBytes)}, at most ${megabytes(peakBytes)}`;
  const slowest = `slowest ${Math.round(slowestMs)} ms`;
  say(`${part}: ${first} to ${first + size}: ${offenceCount} offences in all, ${memory}, ${slowest}`);
  return statuses;
}

function showRequest(seeds: Seeds, index: number): void {
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
