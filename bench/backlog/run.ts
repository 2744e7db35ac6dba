/**
 * How a backlog of segments drains, and what pushes notice of it:
 *
 *   npm run bench:backlog -- [--segments 10000] [--rate 20] [--seconds 60] [--flag=-compaction-worker.niceness=0]...
 *
 * Fills a server that does not compact, measures steady pushes to it, starts it again with compaction, measures the same
 * pushes until nothing of the backlog waits at level 0, and once more when it is idle. Pushes count from the first second of a
 * process. Flags are for the servers that compact. Quote the ratio, not the times. Then what segments and the metastore's log
 * took meanwhile.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { ServerProcess } from "../../test/support/server-process.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { profileBytes, push, pushSteadily, sleep, type SteadyResult } from "./pushes.ts";
import { stagesOf } from "./stages.ts";

const { values } = parseArgs({
  options: {
    segments: { type: "string", default: "10000" },
    rate: { type: "string", default: "20" },
    seconds: { type: "string", default: "60" },
    flag: { type: "string", multiple: true, default: [] },
  },
});
const segmentCount = Number(values.segments);
const perSecond = Number(values.rate);
const seconds = Number(values.seconds);

const UNLIMITED = [
  "-distributor.ingestion-rate-limit-mb=10000",
  "-distributor.ingestion-burst-size-mb=10000",
];
const WITHOUT_WORKER = ["-target=distributor,segment-writer,metastore,query-frontend,query-backend"];
/** Small ones, so that filling does not take hours. */
const TINY_SEGMENTS = ["-segment-writer.segment-duration=10ms"];
const FILLERS = 32;
/** Blocks of the backlog that may wait for company. */
const REST = 100;
const LOOK_MS = 250;

/** What is said of each measurement in the end. */
const stageLines: string[] = [];
const folder = temporaryFolder("backlog");
say(`segments=${segmentCount} pushes_per_second=${perSecond} profile_bytes=${profileBytes}`);
await fill();
say("| | pushes | failed | p50 ms | p99 ms | most ms | RSS MB, most | CPU s | elapsed s |");
say("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
await measure("backlog, no compaction", WITHOUT_WORKER, () => sleep(seconds * 1_000));
await measure("backlog drains", values.flag, (server) => drained(server.url));
await measure("drained, compaction on", values.flag, () => sleep(seconds * 1_000));
folder.remove();
say("| | stage | times | mean ms | p99 ms, at most |");
say("| --- | --- | --- | --- | --- |");
for (const line of stageLines) say(line);

async function fill(): Promise<void> {
  await using server = await start([...WITHOUT_WORKER, ...TINY_SEGMENTS]);
  const filling = { isOver: false };
  let number = 0;
  let failures = 0;
  const fillers = Array.from({ length: FILLERS }, async () => {
    // One that fails on a busy machine is missing from the backlog, no more.
    while (!filling.isOver) await push(server.url, number++).catch(() => failures++);
  });
  for (let count = 0; count < segmentCount;) {
    await sleep(4 * LOOK_MS);
    count = (await levelOf(server.url, 0)).blockCount;
  }
  filling.isOver = true;
  await Promise.all(fillers);
  const { blockCount, sizeBytes } = await levelOf(server.url, 0);
  say(
    `filled: ${number - failures} profiles in ${blockCount} segments of ${(sizeBytes / blockCount / 1e3).toFixed(0)} kB`,
  );
}

async function measure(
  name: string,
  flags: readonly string[],
  work: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  await using server = await start(flags);
  const startMs = performance.now();
  let mostRssBytes = 0;
  const cpuBefore = cpuSecondsOf(server.pid);
  const watch = setInterval(() => {
    mostRssBytes = Math.max(mostRssBytes, rssOf(server.pid));
  }, LOOK_MS);
  const result = await pushSteadily(server.url, perSecond, work(server));
  clearInterval(watch);
  const elapsed = (performance.now() - startMs) / 1_000;
  await noteStages(name, server.url);
  sayResult(name, result, [mostRssBytes / 1e6, cpuSecondsOf(server.pid) - cpuBefore, elapsed]);
}

async function noteStages(measurement: string, url: string): Promise<void> {
  const answer = await fetch(`${url}/metrics`);
  const { stages, loop } = stagesOf(await answer.text());
  for (const { name, count, meanMs, p99Ms } of stages)
    stageLines.push(`| ${measurement} | ${name} | ${count} | ${meanMs.toFixed(1)} | ${p99Ms.toFixed(0)} |`);
  stageLines.push(`| ${measurement} | event loop, lag | | | ${loop.p99Ms.toFixed(0)} |`);
  stageLines.push(`| ${measurement} | event loop, most | | | ${loop.mostMs.toFixed(0)} |`);
}

/** Until what waits at level 0 is what comes in. */
async function drained(url: string): Promise<void> {
  for (;;) {
    await sleep(LOOK_MS * 4);
    if ((await levelOf(url, 0)).waitingBlockCount < REST) return;
  }
}

function start(flags: readonly string[]): Promise<ServerProcess> {
  return ServerProcess.start({ dir: folder.path, flags: [...UNLIMITED, ...flags] });
}

async function levelOf(url: string, level: number) {
  const answer = await fetch(`${url}/compaction`, { headers: { accept: "application/json" } });
  const report = (await answer.json()) as {
    readonly levels?: readonly {
      readonly level?: number;
      readonly blockCount?: number;
      readonly sizeBytes?: string;
      readonly waitingBlockCount?: number;
    }[];
  };
  const found = report.levels?.find((one) => (one.level ?? 0) === level);
  return {
    blockCount: found?.blockCount ?? 0,
    sizeBytes: Number(found?.sizeBytes ?? 0),
    waitingBlockCount: found?.waitingBlockCount ?? 0,
  };
}

/** Linux only, as the limit that operators set. */
function rssOf(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4_096;
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function sayResult(
  name: string,
  { pushes, failures, p50Ms, p99Ms, maxMs }: SteadyResult,
  rest: readonly number[],
): void {
  const cells = [p50Ms, p99Ms, maxMs, ...rest].map((cell) => cell.toFixed(1));
  say(`| ${[name, pushes, failures, ...cells].join(" | ")} |`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
