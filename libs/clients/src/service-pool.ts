import type { Transport } from "@connectrpc/connect";
import { Code, DomainError, UnavailableError } from "@hearth/errors";
import { abortReason, type ClosableTransport, undiciTransport } from "@hearth/rpc";
import { type Clock, deadline, type Random, retry, type RetryPolicy, TaskGroup } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import { Connection } from "./connection.ts";
import { type Lookup, resolveTarget, systemLookup } from "./resolve.ts";
import type { Address, Target } from "./target.ts";

export interface PoolSettings {
  /** Connections to each process, and so calls to it at once. */
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  /** Deadline of calls that name none, repeats included. */
  readonly defaultTimeoutMs: number;
  /** Largest answer. */
  readonly readMaxBytes: number;
  /** How often a name is looked up again. */
  readonly refreshMs: number;
}

export interface PoolDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The system's own when absent. */
  readonly lookup?: Lookup;
  /** Connections over the network when absent. */
  readonly connect?: (address: Address) => ClosableTransport;
}

/** Between our own processes in one data centre. */
export const defaultPoolSettings: PoolSettings = {
  maxConnections: 64,
  connectTimeoutMs: 5_000,
  defaultTimeoutMs: 30_000,
  readMaxBytes: 100 << 20,
  refreshMs: 10_000,
};

const RETRY: RetryPolicy = {
  attempts: 6,
  minBackoffMs: 20,
  maxBackoffMs: 500,
  isRetryable: (error) => error instanceof DomainError && error.code === Code.Unavailable,
};

/**
 * The processes of one service. As a `Transport` it takes them in turn, leaving out those that do not answer, and
 * repeats what is unavailable with the same request until the deadline; so only for methods that may be repeated, as all
 * of ours. A caller that chooses the process itself calls one of the `members`.
 */
export class ServicePool implements Transport, AsyncDisposable {
  readonly #target: Target;
  readonly #settings: PoolSettings;
  readonly #deps: PoolDeps;
  readonly #tasks: TaskGroup;
  #members: readonly Connection[] = [];
  #turn = 0;

  constructor(target: Target, settings: PoolSettings, deps: PoolDeps) {
    this.#target = target;
    this.#settings = settings;
    this.#deps = deps;
    this.#tasks = new TaskGroup((name, error) => deps.logger.error("task failed", { name, error }));
  }

  /** Finds the processes. A name that cannot be looked up yet is tried again in the background: not an error. */
  async start(): Promise<void> {
    await this.#refresh();
    if (this.#target.type === "dns") this.#tasks.spawn("refresh", (stop) => this.#refreshUntil(stop));
  }

  /** Sorted by id. */
  get members(): readonly Connection[] {
    return this.#members;
  }

  readonly unary: Transport["unary"] = async (method, signal, timeoutMs, header, input, contextValues) => {
    const limitMs = timeoutMs ?? this.#settings.defaultTimeoutMs;
    using limit = deadline(limitMs, signal);
    const endMs = this.#deps.clock.monotonicMs() + limitMs;
    const call = async () => {
      const leftMs = Math.max(1, endMs - this.#deps.clock.monotonicMs());
      return this.#next().unary(method, limit.signal, leftMs, header, input, contextValues);
    };
    try {
      return await retry(call, RETRY, this.#deps, limit.signal);
    } catch (error) {
      throw limit.signal.aborted ? abortReason(limit.signal) : error;
    }
  };

  readonly stream: Transport["stream"] = (...call) => this.#next().stream(...call);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.stop();
    const members = this.#members;
    this.#members = [];
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  }

  /** The next member that answers; when none does, the next at all, whose breaker says so. */
  #next(): Connection {
    const { length } = this.#members;
    for (let tried = 0; tried < length; tried++) {
      const member = this.#members[this.#turn++ % length];
      if (member?.isAvailable) return member;
    }
    const member = this.#members[this.#turn++ % Math.max(1, length)];
    if (member === undefined) throw new UnavailableError("no process of the service is known");
    return member;
  }

  async #refreshUntil(stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(this.#settings.refreshMs, stop);
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    try {
      this.#replaceMembers(await resolveTarget(this.#target, this.#deps.lookup ?? systemLookup));
    } catch (error) {
      this.#deps.logger.warn("cannot look up the processes of a service", { target: this.#target, error });
    }
  }

  /** Keeps the connections of those that stay; those that are gone close once their calls are through. */
  #replaceMembers(addresses: readonly Address[]): void {
    const before = new Map(this.#members.map((member) => [member.address.id, member]));
    this.#members = addresses.map((address) => before.get(address.id) ?? this.#connect(address));
    const staying = new Set(this.#members);
    for (const member of before.values()) {
      if (!staying.has(member)) this.#tasks.spawn("close", () => member[Symbol.asyncDispose]());
    }
  }

  #connect(address: Address): Connection {
    const connect = this.#deps.connect ?? ((to) => this.#dial(to));
    return new Connection(address, connect(address), this.#deps.clock);
  }

  #dial({ host, port }: Address): ClosableTransport {
    return undiciTransport({ ...this.#settings, origin: `http://${host}:${port}` });
  }
}
