import type { Transport } from "@connectrpc/connect";
import { Code, DomainError, NotLeaderError, UnavailableError } from "@hearth/errors";
import { abortReason } from "@hearth/rpc";
import { deadline, type Clock, type Random } from "@hearth/runtime";

import type { Connection } from "./connection.ts";
import type { ServicePool } from "./service-pool.ts";

export interface GroupTransportSettings {
  /** Deadline of calls that name none, repeats included. */
  readonly defaultTimeoutMs: number;
  /** Pause after all members were asked in vain: uniform in `[0, pauseMs)`. An election takes one to two seconds. */
  readonly pauseMs: number;
  /**
   * How long one member may take to answer before another is asked, at first; doubled after each time that all were. A
   * process that hangs, or whose machine is gone, does not hang up.
   */
  readonly attemptTimeoutMs: number;
}

export const defaultGroupTransportSettings: GroupTransportSettings = {
  defaultTimeoutMs: 30_000,
  pauseMs: 200,
  attemptTimeoutMs: 2_000,
};

/**
 * Calls a group of which one member leads, such as the metastore: asks the member that led last, goes where an answer
 * sends it, and asks the others in turn when nobody knows, until the call's deadline. The request is the same each time, with
 * the same request id, so that what took effect unseen is not done again.
 */
export class GroupTransport implements Transport {
  readonly #pool: Pick<ServicePool, "members" | "stream">;
  readonly #deps: { readonly clock: Clock; readonly random: Random };
  readonly #settings: GroupTransportSettings;
  /** Where the last call was answered. */
  #leader: Connection | undefined;
  /** Did not answer when they were asked last: they are asked after the others. */
  readonly #silent = new WeakSet<Connection>();

  constructor(
    pool: Pick<ServicePool, "members" | "stream">,
    deps: { readonly clock: Clock; readonly random: Random },
    settings: GroupTransportSettings = defaultGroupTransportSettings,
  ) {
    this.#pool = pool;
    this.#deps = deps;
    this.#settings = settings;
  }

  readonly unary: Transport["unary"] = async (method, signal, timeoutMs, header, input, contextValues) => {
    const limitMs = timeoutMs ?? this.#settings.defaultTimeoutMs;
    using limit = deadline(limitMs, signal);
    const endMs = this.#deps.clock.monotonicMs() + limitMs;
    const call = (member: Connection, attemptMs: number): ReturnType<Transport["unary"]> => {
      const leftMs = Math.max(1, Math.min(attemptMs, endMs - this.#deps.clock.monotonicMs()));
      return member.unary(method, limit.signal, leftMs, header, input, contextValues);
    };
    try {
      return (await this.#untilAnswered(call, limit.signal)) as never;
    } catch (error) {
      throw limit.signal.aborted ? abortReason(limit.signal) : error;
    }
  };

  readonly stream: Transport["stream"] = (...call) => this.#pool.stream(...call);

  async #untilAnswered<T>(
    call: (member: Connection, attemptMs: number) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    for (let attemptMs = this.#settings.attemptTimeoutMs; ; attemptMs *= 2) {
      const answer = await this.#askEach((member) => call(member, attemptMs), signal);
      if (answer) return answer.value;
      await this.#deps.clock.sleep(this.#deps.random.next() * this.#settings.pauseMs, signal);
    }
  }

  /** Asks each member at most once. @returns undefined when none of them can answer now. */
  async #askEach<T>(
    call: (member: Connection) => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ value: T } | undefined> {
    const members = this.#inOrder();
    if (members.length === 0) throw new UnavailableError("no process of the service is known");
    const asked = new Set<Connection>();
    for (let next = members[0]; next !== undefined;) {
      const member = next;
      asked.add(member);
      try {
        const value = await call(member);
        this.#leader = member;
        this.#silent.delete(member);
        return { value };
      } catch (error) {
        this.#note(member, error);
        if (!isWorthAsking(error)) throw error;
        signal.throwIfAborted();
        const named = this.#memberOf(error);
        next = [named, ...members].find((other) => other !== undefined && !asked.has(other));
      }
    }
    return undefined;
  }

  /** One that does not answer is not asked first again: it may be gone without a word. */
  #note(member: Connection, error: unknown): void {
    if (isAnswer(error)) {
      this.#silent.delete(member);
      return;
    }
    this.#silent.add(member);
    if (this.#leader === member) this.#leader = undefined;
  }

  /** The leader first, then the others; those that did not answer lately last. */
  #inOrder(): readonly Connection[] {
    const { members } = this.#pool;
    const leader = this.#leader !== undefined && members.includes(this.#leader) ? this.#leader : undefined;
    const rank = (member: Connection): number =>
      member === leader ? 0 : member.isAvailable && !this.#silent.has(member) ? 1 : 2;
    return members.toSorted((a, b) => rank(a) - rank(b));
  }

  /** The member on the machine of the leader that the answer names. */
  #memberOf(error: unknown): Connection | undefined {
    if (!(error instanceof NotLeaderError) || error.leader === undefined) return undefined;
    const host = error.leader.address.slice(0, error.leader.address.lastIndexOf(":"));
    const onHost = this.#pool.members.filter(({ address }) => address.host === host);
    return onHost.length === 1 ? onHost[0] : undefined;
  }
}

/** Whether the member said something, even if it was no. */
function isAnswer(error: unknown): boolean {
  return error instanceof NotLeaderError || !(error instanceof DomainError) || !isTemporary(error.code);
}

/** Whether another member, or the same one later, may do better. */
function isWorthAsking(error: unknown): boolean {
  return error instanceof DomainError && isTemporary(error.code);
}

/** A deadline is the attempt's: where it is that of the call, nobody is asked any more. */
function isTemporary(code: Code): boolean {
  return code === Code.Unavailable || code === Code.DeadlineExceeded;
}
