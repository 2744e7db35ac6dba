import { existsSync, readFileSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

import { systemClock } from "@hearth/runtime";

import type { ServerProcess } from "../support/server-process.ts";
import { judgeAnswer, type Asker, type FuzzAnswer } from "./judge-answer.ts";
import { mutant } from "./mutate-request.ts";
import type { Seed } from "./seeds.ts";

export interface FuzzRun {
  /** Where the requests go. */
  readonly url: string;
  readonly asker: Asker;
  readonly seeds: ReadonlyMap<string, readonly Seed[]>;
  /** With the index it determines a request: see `mutant`. */
  readonly seed: number;
  /** Indexes `[first, first + count)`. */
  readonly first: number;
  readonly count: number;
}

export interface FuzzReport {
  /** Each with the seed and index that bring it back. */
  readonly offences: readonly string[];
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly peakMemoryBytes: number;
  readonly slowestMs: number;
}

/** A push waits for its segment: as many as keep the server busy meanwhile. */
const CONCURRENCY = 16;
const connections = new Agent({ keepAlive: true });
const MAX_ANSWER_MS = 1_000;
/** What is called slow is asked again alone: a busy machine is no defect of the server. */
const SLOW_RETRIES = 3;
/** Each tenant has series of its own in /metrics, which is asked for too. */
const REQUESTS_PER_TENANT = 2_000;
const REQUESTS_PER_MEMORY_LOOK = 200;
const TIMEOUT_MS = 20_000;

/** Sends mutated requests and judges the answers; `server` is watched meanwhile. */
export async function fuzzEndpoints(server: ServerProcess, run: FuzzRun): Promise<FuzzReport> {
  const offences: string[] = [];
  const slow: number[] = [];
  const statuses = new Map<number, number>();
  let peakMemoryBytes = 0;
  let slowestMs = 0;
  let next = run.first;

  const work = async (): Promise<void> => {
    while (next < run.first + run.count && server.isRunning) {
      const index = next++;
      const { offence, elapsedMs, status } = await tryRequest(run, index);
      if (offence !== undefined) offences.push(offence);
      if (elapsedMs > MAX_ANSWER_MS) slow.push(index);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      slowestMs = Math.max(slowestMs, elapsedMs);
      if (index % REQUESTS_PER_MEMORY_LOOK === 0)
        peakMemoryBytes = Math.max(peakMemoryBytes, memoryOf(server.pid));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  if (!server.isRunning)
    offences.push(
      `the server ended: ${server.exit} seed=${run.seed} before_index=${next}\n${server.logs.slice(-3000)}`,
    );
  for (const index of slow) offences.push(...(await tryAlone(run, index)));
  return { offences, statuses, peakMemoryBytes, slowestMs };
}

interface Trial {
  readonly offence: string | undefined;
  readonly elapsedMs: number;
  /** 0 when there was no answer. */
  readonly status: number;
}

async function tryRequest(run: FuzzRun, index: number): Promise<Trial> {
  const request = mutant(run.seeds, { seed: run.seed, index });
  const name = `seed=${run.seed} index=${index} ${request.method} ${request.path}`;
  const startMs = systemClock.monotonicMs();
  try {
    const answer = await send(run.url, request, `fuzz-${Math.floor(index / REQUESTS_PER_TENANT)}`);
    const offence = judgeAnswer(request, answer, run.asker);
    const elapsedMs = systemClock.monotonicMs() - startMs;
    return { offence: offence && `${name}: ${offence}`, elapsedMs, status: answer.status };
  } catch (error) {
    // Nothing within the time limit may be the fault of a busy machine: it counts as slow, and is asked again alone.
    if ((error as Error).name === "AbortError")
      return { offence: undefined, elapsedMs: TIMEOUT_MS, status: 0 };
    const { cause } = error as Error;
    return { offence: `${name}: no answer: ${String(cause ?? error)}`, elapsedMs: 0, status: 0 };
  }
}

async function tryAlone(run: FuzzRun, index: number): Promise<string[]> {
  let fastestMs = Infinity;
  for (let attempt = 0; attempt < SLOW_RETRIES && fastestMs > MAX_ANSWER_MS; attempt++) {
    fastestMs = Math.min(fastestMs, (await tryRequest(run, index)).elapsedMs);
  }
  const { path } = mutant(run.seeds, { seed: run.seed, index });
  return fastestMs > MAX_ANSWER_MS
    ? [`seed=${run.seed} index=${index} ${path}: took ${Math.round(fastestMs)} ms, alone`]
    : [];
}

async function send(url: string, seed: Seed, tenant: string): Promise<FuzzAnswer> {
  const response = await startRequest(url, seed, tenant);
  const { "content-type": contentType = "", "grpc-status": grpcStatus } = response.headers;
  const bytes = await buffer(response);
  const isZipped = response.headers["content-encoding"] === "gzip" && bytes.length > 0;
  return {
    status: response.statusCode ?? 0,
    contentType,
    grpcStatus: grpcStatus === undefined ? undefined : String(grpcStatus),
    body: isZipped ? gunzipSync(bytes) : bytes,
  };
}

function startRequest(url: string, seed: Seed, tenant: string): Promise<IncomingMessage> {
  const { method, path, query, headers, body } = seed;
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const length = body.length === 0 ? {} : { "content-length": body.length };
  const options = {
    method,
    headers: { "x-scope-orgid": tenant, ...headers, ...length },
    agent: connections,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  httpRequest(`${url}${path}${query === "" ? "" : `?${query}`}`, options, resolve)
    .on("error", reject)
    .end(body);
  return promise;
}

/** Resident memory of a process; 0 where the system does not tell in this way. */
export function memoryOf(pid: number): number {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return 0;
  const kilobytes = /^VmRSS:\s+(\d+) kB$/mu.exec(readFileSync(path, "utf8"))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}
