/**
 * The figures of the metastore's log, alone and as a group of three processes on this machine:
 *
 *   npm run bench:raft -- [--seconds 20] [--failovers 10]
 *
 * 512 bytes an entry. Prints a table; each line is one load, after a warm-up of a fifth of its time.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { freePorts } from "../../test/support/free-ports.ts";
import type { Load, LoadResult } from "./load.ts";
import type { NodeSettings, Order, Report } from "./node.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "20" }, failovers: { type: "string", default: "10" } },
});
const seconds = Number(values.seconds);

/** A node in a process of its own. */
class Node {
  readonly #child: ChildProcess;

  constructor(settings: NodeSettings) {
    this.#child = fork(join(import.meta.dirname, "node.ts"), [JSON.stringify(settings)]);
  }

  async opened(): Promise<void> {
    await this.#next("open");
  }

  async load(load: Load): Promise<LoadResult> {
    this.#order({ type: "load", load });
    return (await this.#next("load")).result;
  }

  async role(): Promise<string> {
    this.#order({ type: "status" });
    return (await this.#next("status")).role;
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  async close(): Promise<void> {
    this.#order({ type: "close" });
    await once(this.#child, "close");
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  async #next<T extends Report["type"]>(type: T): Promise<Extract<Report, { type: T }>> {
    for (;;) {
      const [report] = (await once(this.#child, "message")) as [Report];
      if (report.type === type) return report as Extract<Report, { type: T }>;
    }
  }
}

const LOADS: readonly (Load & { name: string })[] = [
  { name: "1 client", kind: "propose", clients: 1, seconds },
  { name: "16 clients", kind: "propose", clients: 16, seconds },
  { name: "256 clients", kind: "propose", clients: 256, seconds },
  { name: "1,000 a second offered", kind: "propose", clients: 256, perSecond: 1_000, seconds },
  { name: "reads, 1 client", kind: "read", clients: 1, seconds: seconds / 2 },
  { name: "reads, 64 clients", kind: "read", clients: 64, seconds: seconds / 2 },
];

const dir = mkdtempSync(join(tmpdir(), "hearth-bench-raft-"));
say("| | per second | p50 ms | p99 ms | p99.9 ms | syncs each | leader's CPU ms each | loop delay p99 ms |");
say("| --- | --- | --- | --- | --- | --- | --- | --- |");
await measureOne();
await measureThree();
rmSync(dir, { recursive: true });

async function measureOne(): Promise<void> {
  const node = new Node({ dir: join(dir, "one"), name: "node", peers: ["node"] });
  await node.opened();
  for (const load of LOADS) await measure(`one node, ${load.name}`, node, load);
  await node.close();
}

async function measureThree(): Promise<void> {
  const peers = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const settings = peers.map((name, n) => ({ dir: join(dir, `three-${n}`), name, peers }));
  const nodes = settings.map((one) => new Node(one));
  await Promise.all(nodes.map((node) => node.opened()));
  let leader = await leaderOf(nodes);
  for (const load of LOADS) await measure(`three nodes, ${load.name}`, leader, load);
  const pauses: number[] = [];
  for (let n = 0; n < Number(values.failovers); n++) {
    const at = nodes.indexOf(leader);
    const startMs = performance.now();
    await leader.kill();
    const rest = nodes.filter((node) => node !== leader);
    leader = await leaderOf(rest);
    await firstAnswer(leader);
    pauses.push(performance.now() - startMs);
    const again = new Node(settings[at]!);
    nodes[at] = again;
    await again.opened();
  }
  pauses.sort((a, b) => a - b);
  const at = (part: number): string =>
    (pauses[Math.min(pauses.length - 1, Math.floor(part * pauses.length))] ?? NaN).toFixed(0);
  say(`\nfailover after SIGKILL of the leader, ${pauses.length} times: p50 ${at(0.5)} ms, most ${at(1)} ms`);
  const startMs = performance.now();
  const closing = leader.close();
  const next = await leaderOf(nodes.filter((node) => node !== leader));
  await firstAnswer(next);
  say(`handover when the leader is closed: ${(performance.now() - startMs).toFixed(0)} ms`);
  await closing;
  await Promise.all(nodes.filter((node) => node !== leader).map((node) => node.close()));
}

async function measure(name: string, node: Node, load: Load): Promise<void> {
  await node.load({ ...load, seconds: load.seconds / 5 });
  const result = await node.load(load);
  const syncs = load.kind === "read" ? "" : ((result.syncs ?? 0) / result.operations).toFixed(3);
  const cells = [
    name,
    result.perSecond.toFixed(0),
    result.p50Ms.toFixed(2),
    result.p99Ms.toFixed(1),
    result.p999Ms.toFixed(1),
    syncs,
    result.cpuMsPerOperation.toFixed(3),
    (result.eventLoopDelayP99Ms ?? NaN).toFixed(1),
  ];
  say(`| ${cells.join(" | ")} |${result.failures > 0 ? ` ${result.failures} failures` : ""}`);
}

async function leaderOf(nodes: readonly Node[]): Promise<Node> {
  for (;;) {
    for (const node of nodes) if ((await node.role()) === "leader") return node;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function firstAnswer(node: Node): Promise<void> {
  for (;;) {
    const { operations } = await node.load({ kind: "propose", clients: 1, seconds: 0.01 });
    if (operations > 0) return;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
