import type { Cluster } from "./cluster.ts";
import type { Invocation } from "./history.ts";
import type { Member } from "./member.ts";
import { encodeCommand } from "./register-machine.ts";

const TIMEOUT_MS = 5_000;
const RETRY_MS = 100;

interface Operation {
  readonly kind: "write" | "read";
  readonly key: number;
  readonly value: number;
  readonly requestId: number;
  readonly invocation: Invocation;
  /** The highest term that was seen when it began. */
  readonly term: number;
  attempt: number;
}

/** Clients that set and read registers, one operation at a time each, and ask again until there is an answer. */
export class Clients {
  readonly #cluster: Cluster;
  #nextRequestId = 1;
  #hasEnded = false;
  /** Where each client believes the leader to be. */
  readonly #beliefs: (string | undefined)[];
  #open = 0;
  answered = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#beliefs = Array.from({ length: cluster.swarm.clients }, () => undefined);
    for (let client = 0; client < cluster.swarm.clients; client++) this.#think(client);
  }

  /** No new operations; those that are open go on until they are answered. */
  end(): void {
    this.#hasEnded = true;
  }

  get openCount(): number {
    return this.#open;
  }

  #think(client: number): void {
    const { queue, streams, swarm } = this.#cluster;
    queue.after(streams.ops.exponential(swarm.thinkMs), () => {
      if (!this.#hasEnded) this.#begin(client);
    });
  }

  #begin(client: number): void {
    const { history, streams, swarm } = this.#cluster;
    const requestId = this.#nextRequestId++;
    this.#open++;
    this.#attempt(client, {
      kind: streams.ops.chance(swarm.readShare) ? "read" : "write",
      key: streams.ops.integer(0, swarm.keys - 1),
      value: requestId,
      requestId,
      invocation: history.invoke(),
      term: this.#highestTerm(),
      attempt: 0,
    });
  }

  #attempt(client: number, operation: Operation): void {
    const { queue, streams, swarm } = this.#cluster;
    const attempt = ++operation.attempt;
    const isCurrent = (): boolean => operation.attempt === attempt;
    const again = (delayMs: number): void => {
      if (!isCurrent()) return;
      operation.attempt++;
      queue.after(delayMs, () => this.#attempt(client, operation));
    };
    const target = this.#target(client);
    queue.after(TIMEOUT_MS, () => again(0));
    queue.after(streams.ops.exponential(swarm.meanDelayMs), () => {
      if (!target?.node || queue.nowMs < target.frozenUntilMs) {
        this.#beliefs[client] = undefined;
        return again(RETRY_MS);
      }
      if (operation.kind === "write") this.#write(client, operation, target, isCurrent, again);
      else this.#read(client, operation, target, isCurrent, again);
    });
  }

  #write(
    client: number,
    operation: Operation,
    target: Member,
    isCurrent: () => boolean,
    again: (ms: number) => void,
  ): void {
    const { queue, streams, swarm, history, seen } = this.#cluster;
    target.node?.propose(encodeCommand(operation), (answer) => {
      queue.after(streams.ops.exponential(swarm.meanDelayMs), () => {
        if (answer.type !== "applied") {
          this.#beliefs[client] = target.node?.status().leader;
          return again(answer.type === "refused" ? RETRY_MS : 0);
        }
        if (!isCurrent()) return;
        if (answer.result.isRepeated) seen.note("repeated request answered from memory");
        history.wrote(operation.invocation, operation.requestId, answer.result.position);
        this.#answered(client, operation, target);
      });
    });
  }

  #read(
    client: number,
    operation: Operation,
    target: Member,
    isCurrent: () => boolean,
    again: (ms: number) => void,
  ): void {
    const { queue, streams, swarm, history, seen } = this.#cluster;
    const { machine } = target.disk;
    const wasLeader = target.isLeader;
    target.node?.read((result) => {
      const position = machine.count;
      const value = machine.value(operation.key);
      queue.after(streams.ops.exponential(swarm.meanDelayMs), () => {
        if (result.type === "failed") {
          if (wasLeader) seen.note("read at an isolated leader refused");
          this.#beliefs[client] = target.node?.status().leader;
          return again(RETRY_MS);
        }
        if (!isCurrent()) return;
        if (this.#highestTerm() > operation.term) seen.note("read confirmed after a change of leaders");
        history.read(operation.invocation, operation.key, position, value);
        this.#answered(client, operation, target);
      });
    });
  }

  #answered(client: number, operation: Operation, target: Member): void {
    operation.attempt++;
    this.#open--;
    this.answered++;
    this.#beliefs[client] = target.id;
    this.#think(client);
  }

  /** The believed leader mostly; now and then, and without a belief, anybody. */
  #target(client: number): Member | undefined {
    const { streams, running } = this.#cluster;
    const believed = this.#beliefs[client];
    const member = believed === undefined ? undefined : this.#cluster.member(believed);
    if (member?.state === "up" && !streams.ops.chance(0.1)) return member;
    return running.length === 0 ? undefined : streams.ops.pick(running);
  }

  #highestTerm(): number {
    return Math.max(0, ...this.#cluster.running.map(({ node }) => node?.status().term ?? 0));
  }
}
