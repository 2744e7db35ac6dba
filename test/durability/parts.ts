import { join } from "node:path";

import { quickStart } from "../support/quick-start.ts";
import { ServerProcess } from "../support/server-process.ts";
import { stablePorts } from "../support/stable-ports.ts";
import { durabilityFlags } from "./quick-flags.ts";
import type { Stores } from "./settled-bucket.ts";

export const PARTS = [
  "metastore",
  "segment-writer",
  "compaction-worker",
  "query-backend",
  "distributor",
  "query-frontend",
] as const;
export type Part = (typeof PARTS)[number];

/** Whom each part calls, by the flag that says where. */
const CALLS: Partial<Record<Part, Partial<Record<string, Part>>>> = {
  "segment-writer": { "metastore.address": "metastore" },
  "compaction-worker": { "metastore.address": "metastore" },
  "query-backend": { "metastore.address": "metastore" },
  distributor: { "segment-writer.address": "segment-writer" },
  "query-frontend": { "metastore.address": "metastore", "query-backend.address": "query-backend" },
};

interface Ports {
  readonly http: number;
  readonly rpc: number;
}

/** The six parts as processes of their own, on one folder. A part that comes back has its folder and ports again. */
export class Parts implements AsyncDisposable {
  readonly #dir: string;
  readonly #flags: readonly string[];
  readonly #ports: ReadonlyMap<Part, Ports>;
  readonly #running = new Map<Part, ServerProcess>();

  /** Resolves when all, or the given ones, are ready. */
  static async start(dir: string, only: readonly Part[] = PARTS): Promise<Parts> {
    const ports = await stablePorts(2 * PARTS.length);
    const pairs = PARTS.map((part, n) => [part, { http: ports[2 * n]!, rpc: ports[2 * n + 1]! }] as const);
    const parts = new Parts(dir, new Map(pairs));
    try {
      await parts.bring(only);
      return parts;
    } catch (error) {
      await parts[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(dir: string, ports: ReadonlyMap<Part, Ports>) {
    this.#dir = dir;
    this.#flags = durabilityFlags(dir);
    this.#ports = ports;
  }

  get pushUrl(): string {
    return this.#process("distributor").url;
  }

  get queryUrl(): string {
    return this.#process("query-frontend").url;
  }

  get stores(): Stores {
    const { url, rpcAddress } = this.#process("metastore");
    return { metastoreUrl: url, metastoreRpc: rpcAddress, bucket: join(this.#dir, "bucket") };
  }

  /** Starts parts and waits until they are ready. */
  async bring(parts: readonly Part[]): Promise<void> {
    await Promise.all(parts.map((part) => this.launch(part)));
    await Promise.all(parts.map((part) => this.#process(part).waitUntilReady()));
  }

  /** Starts a part and does not wait. */
  async launch(part: Part): Promise<void> {
    const flags = [...this.#flags, `-target=${part}`, ...this.#addressesFor(part)];
    const ports = this.#ports.get(part)!;
    this.#running.set(part, await ServerProcess.launch({ dir: this.#dir, flags, ports, env: quickStart }));
  }

  async kill(part: Part): Promise<void> {
    await this.#process(part).kill("SIGKILL");
  }

  /** What they printed last, for whoever has to find out why. */
  get logs(): string {
    return [...this.#running].map(([part, { logs }]) => `${part}:\n${logs.slice(-2_000)}`).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.values()].map((server) => server.kill("SIGKILL")));
  }

  #process(part: Part): ServerProcess {
    const found = this.#running.get(part);
    if (!found) throw new Error(`${part} was never started`);
    return found;
  }

  #addressesFor(part: Part): string[] {
    return Object.entries(CALLS[part] ?? {}).map(
      ([flag, callee]) => `-${flag}=127.0.0.1:${this.#ports.get(callee!)!.rpc}`,
    );
  }
}
