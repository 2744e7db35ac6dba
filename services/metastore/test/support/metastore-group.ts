import { clockOfBlocks } from "./blocks.ts";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient, type Client } from "@connectrpc/connect";
import { defaultsOf } from "@hearth/config";
import { MemoryObjectStore } from "@hearth/object-store";
import { IndexService } from "@hearth/proto/hearth/metastore/v1";
import { RaftNodeService, type NodeInfo } from "@hearth/proto/raft_node";
import { inProcessTransport, requestMetrics } from "@hearth/rpc";
import { systemClock, systemRandom } from "@hearth/runtime";
import { MetricRegistry, noopLogger } from "@hearth/telemetry";

import { Metastore, metastoreSettings, type MetastoreSettings } from "../../src/index.ts";

const LOOK_MS = 10;

/** A metastore, and how an operator asks it. */
export interface GroupMember {
  /** `host:port` for its peers. */
  readonly name: string;
  readonly metastore: Metastore;
  readonly admin: Client<typeof RaftNodeService>;
  /** What it counts. */
  readonly registry: MetricRegistry;
}

/** Metastores in one process that are a group, on real disks and sockets. */
export class MetastoreGroup implements AsyncDisposable {
  readonly #folder: string;
  readonly #opened: AsyncDisposableStack;
  readonly members: readonly GroupMember[];

  /** @param more - settings of each. */
  static async start(count: number, more: Partial<MetastoreSettings> = {}): Promise<MetastoreGroup> {
    const folder = await mkdtemp(join(tmpdir(), "metastore-group-"));
    const names = (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
    const opened = new AsyncDisposableStack();
    const members = await Promise.all(
      names.map((name, at) => startMember(join(folder, String(at)), { name, names, more }, opened)),
    );
    return new MetastoreGroup(folder, opened, members);
  }

  private constructor(folder: string, opened: AsyncDisposableStack, members: readonly GroupMember[]) {
    this.#folder = folder;
    this.#opened = opened;
    this.members = members;
  }

  /** Waits until one leads, everybody knows it, and nothing of the members is being changed. */
  async settled(): Promise<{ leader: GroupMember; followers: GroupMember[]; term: bigint }> {
    const count = this.members.length;
    for (;;) {
      const infos = await this.infos();
      const [info] = infos;
      const leader = this.members.find(({ name }) => info && info.leaderId.startsWith(`${name}/`));
      const agree = infos.every(
        ({ leaderId, currentTerm, peers }) =>
          leaderId === info?.leaderId && currentTerm === info.currentTerm && voterCount(peers) === count,
      );
      if (leader && info && agree) {
        const followers = this.members.filter((member) => member !== leader);
        return { leader, followers, term: info.currentTerm };
      }
      await systemClock.sleep(LOOK_MS);
    }
  }

  async infos(): Promise<NodeInfo[]> {
    const answers = await Promise.all(this.members.map(({ admin }) => admin.nodeInfo({})));
    return answers.map(({ node }) => node!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function voterCount(peers: NodeInfo["peers"]): number {
  return peers.filter(({ suffrage }) => suffrage === "Voter").length;
}

/** @param more - settings besides those that make it a member. */
export function memberSettings(
  folder: string,
  { name, names, more = {} }: { name: string; names: readonly string[]; more?: Partial<MetastoreSettings> },
): MetastoreSettings {
  return {
    ...defaultsOf(metastoreSettings),
    raftDir: folder,
    snapshotsDir: folder,
    serverId: name,
    bootstrapPeers: names.length > 1 ? [...names] : [],
    minReadyDurationMs: 0,
    ...more,
  };
}

/** @param more - as of {@link memberSettings}. */
export async function startMember(
  folder: string,
  { name, names, more = {} }: { name: string; names: readonly string[]; more?: Partial<MetastoreSettings> },
  opened: AsyncDisposableStack,
): Promise<GroupMember> {
  const settings = memberSettings(folder, { name, names, more });
  const registry = new MetricRegistry();
  const metastore = new Metastore(settings, {
    objectStore: new MemoryObjectStore({ clock: systemClock }),
    clock: clockOfBlocks,
    random: systemRandom,
    registry,
    requestMetrics: requestMetrics(new MetricRegistry()),
    logger: noopLogger,
    retentionMsOf: () => 0,
    tierAgesOf: () => ({}),
    build: { version: "1.2.3", revision: "abc" },
    onFatal: (problem) => {
      throw new Error(problem);
    },
  });
  opened.use(metastore);
  await metastore.start();
  const transport = inProcessTransport(metastore.services, []);
  return { name, metastore, registry, admin: createClient(RaftNodeService, transport) };
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports = servers.map(async (server) => {
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  });
  const found = await Promise.all(ports);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return found;
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await systemClock.sleep(LOOK_MS);
}

/** Names of the voters, as this member knows them. */
export async function votersOf({ admin }: GroupMember): Promise<string[]> {
  const { node } = await admin.nodeInfo({});
  return (node?.peers ?? [])
    .filter(({ suffrage }) => suffrage === "Voter")
    .map(({ serverId }) => serverId.slice(0, serverId.indexOf("/")));
}

/** Which of these blocks it answers for. */
export async function blocksOf({ metastore }: GroupMember, ids: readonly string[]): Promise<string[]> {
  const index = createClient(IndexService, inProcessTransport(metastore.services, []));
  const { blocks } = await index.getBlocks({ ids: [...ids] });
  return blocks.map(({ id }) => id);
}
