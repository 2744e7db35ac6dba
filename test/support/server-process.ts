import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { cleanEnvironment } from "./clean-environment.ts";
import { freePorts } from "./free-ports.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * How the golden answers were recorded: several tenants, no limits on age or range, a generous rate. All other limits
 * stay at their defaults.
 */
export const goldenFlags = [
  "-auth.multitenancy-enabled=true",
  "-validation.reject-older-than=0",
  "-validation.reject-newer-than=0",
  "-querier.max-query-length=0",
  "-querier.max-query-lookback=0",
  "-distributor.ingestion-rate-limit-mb=10000",
  "-distributor.ingestion-burst-size-mb=10000",
] as const;

export interface ServerOptions {
  /** Everything that the process writes lies below it. */
  readonly dir: string;
  /** Later ones win over those that this module gives. */
  readonly flags?: readonly string[];
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Free ones when absent. */
  readonly ports?: { readonly http: number; readonly rpc: number };
}

const MAIN = join(import.meta.dirname, "..", "..", "services", "standalone", "src", "main.ts");
const START_TIMEOUT_MS = 180_000;
const STOP_TIMEOUT_MS = 30_000;
const KEPT_LOG_CHARACTERS = 200_000;
const ATTEMPTS_TO_FIND_PORTS = 3;

/** The process ended before it was ready. */
export class ServerDidNotStartError extends Error {
  override readonly name = "ServerDidNotStartError";
  readonly logs: string;

  constructor(exit: string, logs: string) {
    super(`server did not start: ${exit}\n${logs}`);
    this.logs = logs;
  }
}

/** The real server, as `npm start` runs it, on a folder and on ports of its own. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #options: ServerOptions;
  /** Where clients go: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Where the other parts go, as `host:port`. */
  readonly rpcAddress: string;
  #logs = "";

  /** @throws {ServerDidNotStartError} if it ends before it is ready. */
  static async start(options: ServerOptions): Promise<ServerProcess> {
    for (let attempt = 1; ; attempt++) {
      const server = await ServerProcess.launch(options);
      try {
        await server.waitUntilReady();
        return server;
      } catch (error) {
        await server.kill("SIGKILL");
        if (attempt === ATTEMPTS_TO_FIND_PORTS || !server.logs.includes("EADDRINUSE")) throw error;
      }
    }
  }

  /** Starts it and does not wait: it may not be ready for a while. */
  static async launch(options: ServerOptions): Promise<ServerProcess> {
    const [http = 0, rpc = 0] = options.ports ? [options.ports.http, options.ports.rpc] : await freePorts(2);
    return new ServerProcess(options, { http, rpc });
  }

  private constructor(options: ServerOptions, ports: { http: number; rpc: number }) {
    this.#options = options;
    this.url = `http://127.0.0.1:${ports.http}`;
    this.rpcAddress = `127.0.0.1:${ports.rpc}`;
    const flags = [...ownFlags(options.dir, ports), ...(options.flags ?? [])];
    this.#child = spawn(process.execPath, [MAIN, ...flags], {
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#logs = (this.#logs + text).slice(-KEPT_LOG_CHARACTERS);
      });
    }
  }

  /** The end of what it printed. */
  get logs(): string {
    return this.#logs;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** How it ended: the exit code, or the name of the signal. */
  get exit(): number | NodeJS.Signals | null {
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  /** Sends the signal and waits for the end. */
  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child, "close");
    this.#child.kill(signal);
    const tooLong = AbortSignal.timeout(STOP_TIMEOUT_MS);
    tooLong.addEventListener("abort", () => this.#child.kill("SIGKILL"), { once: true });
    await ended;
    if (tooLong.aborted) throw new Error(`server did not stop within ${STOP_TIMEOUT_MS} ms\n${this.#logs}`);
  }

  /** Another process with the same folder and flags, on other ports. The one before must have ended. */
  restart(): Promise<ServerProcess> {
    return ServerProcess.start(this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGTERM");
  }

  /**
   * @param until.orItSays - come back too when it listens and the log has this, though it may never be ready.
   * @throws {ServerDidNotStartError} if the process ends before.
   */
  async waitUntilReady(until: { readonly orItSays?: RegExp } = {}): Promise<void> {
    const isSettled = async (): Promise<boolean> => {
      const status = await readyStatus(this.url);
      const saysIt = status !== undefined && until.orItSays?.test(this.#logs) === true;
      return !this.isRunning || status === 200 || saysIt;
    };
    await waitUntil(isSettled, { timeoutMs: START_TIMEOUT_MS, what: () => `server is ready\n${this.#logs}` });
    if (!this.isRunning) throw new ServerDidNotStartError(`exit ${this.exit}`, this.#logs);
  }
}

/** Undefined while nobody listens. */
async function readyStatus(url: string): Promise<number | undefined> {
  try {
    const { status } = await fetch(`${url}/ready`);
    return status;
  } catch {
    return undefined;
  }
}

function ownFlags(dir: string, ports: { http: number; rpc: number }): string[] {
  return [
    "-server.http-listen-address=127.0.0.1",
    `-server.http-listen-port=${ports.http}`,
    `-server.grpc-listen-port=${ports.rpc}`,
    `-storage.filesystem.dir=${join(dir, "bucket")}`,
    `-metastore.data-dir=${join(dir, "metastore", "data")}`,
    `-metastore.raft.dir=${join(dir, "metastore", "raft")}`,
    `-metastore.raft.snapshots-dir=${join(dir, "metastore", "snapshots")}`,
    "-metastore.min-ready-duration=0s",
    "-self-profiling.disable-push=true",
    "-log.level=warn",
  ];
}
