import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { createClient, type Client } from "@connectrpc/connect";
import { metastoreClients, type MetastoreClients } from "@hearth/clients";
import { RaftNodeService } from "@hearth/proto/raft_node";
import { type ClosableTransport, undiciTransport } from "@hearth/rpc";

import { quickStart } from "../support/quick-start.ts";
import { ServerProcess } from "../support/server-process.ts";

const STATUS_TIMEOUT_MS = 1_000;
const CALL_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 << 20;
const HOST = "127.0.0.1";
const SLOW_DISK = join(import.meta.dirname, "slow-disk.ts");

export interface NodeStatus {
  /** `name/incarnation`. */
  readonly id: string;
  readonly state: string;
  readonly leaderId: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** A place for a node: its folder and ports stay, its process comes and goes. */
export class GroupNode implements AsyncDisposable {
  readonly dir: string;
  readonly #ports: { readonly http: number; readonly rpc: number };
  /** Of its name: peers reach the proxy there. */
  readonly peerPort: number;
  /** Where it listens for peers. */
  readonly bindPort: number;
  readonly #transport: ClosableTransport;
  readonly admin: Client<typeof RaftNodeService>;
  /** Asks this node alone. */
  readonly metastore: MetastoreClients;
  #process: ServerProcess | undefined;

  constructor({ dir, ports }: { dir: string; ports: readonly number[] }) {
    const [http = 0, rpc = 0, peerPort = 0, bindPort = 0] = ports;
    this.dir = dir;
    this.#ports = { http, rpc };
    this.peerPort = peerPort;
    this.bindPort = bindPort;
    this.#transport = undiciTransport({
      origin: `http://${HOST}:${rpc}`,
      maxConnections: 8,
      connectTimeoutMs: STATUS_TIMEOUT_MS,
      defaultTimeoutMs: CALL_TIMEOUT_MS,
      readMaxBytes: MAX_ANSWER_BYTES,
    });
    this.admin = createClient(RaftNodeService, this.#transport);
    this.metastore = metastoreClients(this.#transport);
  }

  get name(): string {
    return `${HOST}:${this.peerPort}`;
  }

  get bindAddress(): string {
    return `${HOST}:${this.bindPort}`;
  }

  get rpcAddress(): string {
    return `${HOST}:${this.#ports.rpc}`;
  }

  get logs(): string {
    return this.#process?.logs ?? "";
  }

  /** How its process ended that nobody ended; undefined while it runs, or should not. */
  get exit(): number | NodeJS.Signals | undefined {
    return this.#process?.exit ?? undefined;
  }

  async start(flagsOf: (node: GroupNode) => readonly string[]): Promise<void> {
    this.#process = await ServerProcess.launch({
      dir: this.dir,
      flags: flagsOf(this),
      ports: this.#ports,
      env: {
        ...quickStart,
        NODE_OPTIONS: `--import=${pathToFileURL(SLOW_DISK).href}`,
        SLOW_DISK_FILE: this.#slowDiskFile,
      },
    });
  }

  /** From now on each sync takes so much longer; 0 for no longer than it takes. */
  slowDisk(delayMs: number): void {
    if (delayMs === 0) rmSync(this.#slowDiskFile, { force: true });
    else writeFileSync(this.#slowDiskFile, String(delayMs));
  }

  /** Beside the folder, which may be wiped. */
  get #slowDiskFile(): string {
    return `${this.dir}.slow-disk`;
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#process?.kill(signal);
    this.#process = undefined;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    if (this.#process?.isRunning) process.kill(this.#process.pid, signal);
  }

  /** Undefined when it does not answer. */
  async status(): Promise<NodeStatus | undefined> {
    try {
      const { node } = await this.admin.nodeInfo({}, { timeoutMs: STATUS_TIMEOUT_MS });
      if (!node) return undefined;
      const idsOf = (suffrage: string): string[] =>
        node.peers.filter((peer) => peer.suffrage === suffrage).map(({ serverId }) => serverId);
      return {
        id: node.serverId,
        state: node.state,
        leaderId: node.leaderId,
        term: Number(node.currentTerm),
        commitIndex: Number(node.commitIndex),
        appliedIndex: Number(node.appliedIndex),
        voters: idsOf("Voter"),
        learners: idsOf("Nonvoter"),
      };
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    await this.#transport[Symbol.asyncDispose]();
  }
}
