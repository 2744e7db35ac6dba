import { rmSync } from "node:fs";
import { join } from "node:path";

import { systemClock } from "@hearth/runtime";

import { goldenFlags } from "../support/server-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import { GroupNode, type NodeStatus } from "./group-node.ts";
import { type CutKind, Partition } from "./partition.ts";
import { PeerProxy } from "./peer-proxy.ts";
import { stablePorts } from "../support/stable-ports.ts";

/** Places for nodes. The group begins with the first three; the last is for one that replaces another. */
const PLACES = 4;
const FIRST_MEMBERS = [0, 1, 2] as const;
const PORTS_OF_A_NODE = 4;
const LEADER_WITHIN_MS = 30_000;
const HEALTHY_WITHIN_MS = 90_000;
/** Nodes that start have better things to do than to answer. */
const ASK_AGAIN_MS = 50;

/** Many snapshots and a short log: so that a node that was away long gets a snapshot, and not always the log. */
const raftFlags = [
  "-target=metastore",
  "-metastore.raft.snapshot-threshold=256",
  "-metastore.raft.snapshot-interval=1s",
  "-metastore.raft.trailing-logs=128",
  "-metastore.index.dlq-recovery-check-interval=1s",
  "-log.level=info",
] as const;

/** A node ended that nobody stopped. */
export class NodeEndedError extends Error {
  override readonly name = "NodeEndedError";
}

/** A group of three metastores as processes of their own. Nodes are called by the number of their place. */
export class RaftCluster implements AsyncDisposable {
  readonly dir: string;
  readonly #nodes: readonly GroupNode[];
  readonly #partition = new Partition();
  readonly #proxies: PeerProxy[] = [];
  #members: readonly number[] = FIRST_MEMBERS;

  /** Resolves when it is healthy. */
  static async start(dir: string): Promise<RaftCluster> {
    const ports = await stablePorts(PLACES * PORTS_OF_A_NODE);
    const cluster = new RaftCluster(dir, ports);
    await cluster.#listen();
    await Promise.all(cluster.#members.map((node) => cluster.restart(node)));
    await cluster.untilHealthy();
    return cluster;
  }

  private constructor(dir: string, ports: readonly number[]) {
    this.dir = dir;
    this.#nodes = Array.from({ length: PLACES }, (_, place) => {
      const own = ports.slice(place * PORTS_OF_A_NODE, (place + 1) * PORTS_OF_A_NODE);
      return new GroupNode({ dir: join(dir, `node-${place}`), ports: own });
    });
  }

  /** What all parts share. */
  get bucketDir(): string {
    return join(this.dir, "bucket");
  }

  /** Where clients find the group: all places, those without a node too. */
  get addresses(): readonly string[] {
    return this.#nodes.map(({ rpcAddress }) => rpcAddress);
  }

  get members(): readonly number[] {
    return this.#members;
  }

  /** The place where nobody is. */
  get freePlace(): number {
    return this.#nodes.findIndex((_, place) => !this.#members.includes(place));
  }

  node(place: number): GroupNode {
    return this.#nodes[place]!;
  }

  /** Of the node that leads in the latest term, once there is one. */
  async leader(): Promise<number> {
    let leader: number | undefined;
    await waitUntil(async () => (leader = (await this.#leaderNow())?.place) !== undefined, {
      timeoutMs: LEADER_WITHIN_MS,
      what: () => `the group has a leader\n${this.logs()}`,
    });
    return leader!;
  }

  /** Members that do not lead. */
  async followers(): Promise<number[]> {
    const leader = await this.leader();
    return this.#members.filter((place) => place !== leader);
  }

  async kill(place: number): Promise<void> {
    await this.node(place).end("SIGKILL");
  }

  /** In peace: it hands the lead over, and closes its files. */
  async terminate(place: number): Promise<void> {
    await this.node(place).end("SIGTERM");
  }

  /** Starts it on its folder, or on none, and does not wait. The one before must have ended. */
  async restart(place: number): Promise<void> {
    const peers = this.#members.map((member) => this.node(member).name);
    await this.node(place).start((node) => [
      ...goldenFlags,
      ...raftFlags,
      `-storage.filesystem.dir=${this.bucketDir}`,
      `-metastore.raft.server-id=${node.name}`,
      `-metastore.raft.bind-address=${node.bindAddress}`,
      `-metastore.raft.bootstrap-peers=${peers.join(",")}`,
    ]);
  }

  stop(place: number): void {
    this.node(place).signal("SIGSTOP");
  }

  cont(place: number): void {
    this.node(place).signal("SIGCONT");
  }

  /** Takes its disk away: of a node that has ended. */
  wipe(place: number): void {
    rmSync(this.node(place).dir, { recursive: true, force: true });
  }

  /** From now on this place is, or is not, one of the group. What its processes do is the caller's. */
  setMember(place: number, isMember: boolean): void {
    const others = this.#members.filter((member) => member !== place);
    this.#members = isMember ? [...others, place].toSorted((a, b) => a - b) : others;
  }

  /** What `from` sends does not reach `to`, until {@link heal}. */
  cut(from: number, to: number, kind: CutKind): void {
    this.#partition.cut(this.node(from).name, this.node(to).name, kind);
    for (const proxy of this.#proxies) proxy.applyCuts();
  }

  /** Cuts it off from all others. */
  isolate(place: number, kind: CutKind, way: "both" | "in" | "out" = "both"): void {
    for (const other of this.#members.filter((member) => member !== place)) {
      if (way !== "out") this.cut(other, place, kind);
      if (way !== "in") this.cut(place, other, kind);
    }
  }

  heal(): void {
    this.#partition.heal();
    for (const proxy of this.#proxies) proxy.applyCuts();
  }

  /** Undefined for nodes that do not answer. */
  statuses(): Promise<(NodeStatus | undefined)[]> {
    return Promise.all(this.#members.map((place) => this.node(place).status()));
  }

  /**
   * All members run, follow one leader, have votes, and have applied what is committed.
   *
   * @throws {NodeEndedError} when one has ended by itself.
   */
  async untilHealthy(): Promise<void> {
    let statuses: (NodeStatus | undefined)[] = [];
    const isHealthy = async (): Promise<boolean> => {
      this.#throwIfOneEnded();
      statuses = await this.statuses();
      if (isInStep(statuses)) return true;
      await systemClock.sleep(ASK_AGAIN_MS);
      return false;
    };
    await waitUntil(isHealthy, {
      timeoutMs: HEALTHY_WITHIN_MS,
      what: () => `the group is healthy: ${JSON.stringify(statuses)}\n${this.logs()}`,
    });
  }

  /** The ends of what the members printed. */
  logs(): string {
    return this.#members
      .map((place) => `--- node ${place}\n${this.node(place).logs.split("\n").slice(-15).join("\n")}`)
      .join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  async #listen(): Promise<void> {
    for (const node of this.#nodes) {
      const others = this.#nodes.map(({ name }) => name).filter((name) => name !== node.name);
      const cutFor = (sender: string | undefined): CutKind | undefined =>
        sender === undefined
          ? this.#partition.beforeAnybody(others, node.name)
          : this.#partition.between(sender, node.name);
      this.#proxies.push(await PeerProxy.listen({ port: node.peerPort, nodePort: node.bindPort, cutFor }));
    }
  }

  async #leaderNow(): Promise<{ place: number; term: number } | undefined> {
    const statuses = await this.statuses();
    const leaders = statuses.flatMap((status, index) =>
      status?.state === "Leader" ? [{ place: this.#members[index]!, term: status.term }] : [],
    );
    return leaders.toSorted((a, b) => b.term - a.term)[0];
  }

  #throwIfOneEnded(): void {
    for (const place of this.#members) {
      const { exit, logs } = this.node(place);
      if (exit !== undefined)
        throw new NodeEndedError(`node ${place} ended by itself: ${exit}\n${logs.slice(-3000)}`);
    }
  }
}

function isInStep(statuses: readonly (NodeStatus | undefined)[]): boolean {
  const present = statuses.filter((status) => status !== undefined);
  const leader = present.find(({ state, term }) => {
    return state === "Leader" && present.every((other) => other.term === term);
  });
  if (!leader || present.length !== statuses.length) return false;
  const ids = present.map(({ id }) => id).sort();
  return present.every(
    ({ leaderId, voters, learners, appliedIndex }) =>
      leaderId === leader.id &&
      learners.length === 0 &&
      voters.toSorted().join() === ids.join() &&
      appliedIndex >= leader.commitIndex - 50,
  );
}
