import type { PollJobsRequest } from "@hearth/proto/hearth/metastore/v1";

import type { CommandResult } from "../../services/metastore/src/index-state/command-result.ts";
import {
  STATE_VERSION,
  type CommandEnvelope,
} from "../../services/metastore/src/index-state/command-codec.ts";
import type { MetastoreState } from "../../services/metastore/src/index-state/metastore-state.ts";
import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import type { MetaNode } from "./node.ts";
import { wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

/** What a proposal came to, as the node knows it that proposed. */
export type Proposed =
  | { readonly type: "applied"; readonly result: CommandResult }
  | { readonly type: "not-leader" }
  | { readonly type: "in-doubt" };

/** What a command says, so that nobody has to decode it again to judge it. */
export type About =
  | { readonly type: "blocks"; readonly ids: readonly string[] }
  | { readonly type: "orphans"; readonly ids: readonly string[] }
  | { readonly type: "poll"; readonly request: PollJobsRequest }
  | { readonly type: "deletion" }
  | { readonly type: "tiers" };

export interface Entry {
  readonly command: Uint8Array;
  readonly about: About;
  readonly stampMs: number;
  /** Of the state after it, where somebody has taken it. */
  digest: string | undefined;
}

/** Told before each entry is applied for the first time; what it returns is called after that. */
export interface LogObserver {
  applying(state: MetastoreState, entry: Entry): (result: CommandResult) => void;
}

const DIGEST_EVERY = 8;
const NANOS_PER_MS = 1_000_000n;

/**
 * A log that Raft would make of proposals: one order, one leader at a time, and what is committed stays. Nodes apply it late, each at
 * its own pace. When the leader goes, what was not committed is kept or lost.
 */
export class ReplicatedLog {
  readonly entries: Entry[] = [];
  readonly nodes: readonly MetaNode[];
  leader: MetaNode | undefined;
  readonly #world: World;
  readonly #observer: LogObserver;
  #committed = 0;
  /** How many entries any node has applied. */
  #firstApplied = 0;
  /** The latest stamp of what is applied anywhere. */
  logMs = 0;
  /** Called once when blocks are proposed, before that is committed. */
  #ambush: (() => void) | undefined;
  readonly #waiting = new Map<number, { node: MetaNode; done: (proposed: Proposed) => void }>();
  readonly #pumping = new Set<MetaNode>();

  constructor(world: World, nodes: readonly MetaNode[], observer: LogObserver) {
    this.#world = world;
    this.nodes = nodes;
    this.leader = nodes[0];
    this.#observer = observer;
  }

  get committed(): number {
    return this.#committed;
  }

  /** Has a command put into the log, and waits until the node has applied it. */
  *propose(
    node: MetaNode,
    about: About,
    encode: (envelope: Pick<CommandEnvelope, "version" | "stampNanos">) => Uint8Array,
  ): Steps<Proposed> {
    return yield* wait<Proposed>((resume) => {
      const { queue } = this.#world;
      if (this.leader !== node || !node.canLead) {
        queue.after(0, () => resume({ type: "not-leader" }));
        return;
      }
      const stampNanos = node.leaderClock.stamp(node.state.lastStampNanos);
      const command = encode({ version: STATE_VERSION, stampNanos });
      if (stampNanos - node.clock.nowNanos() > 60_000n * NANOS_PER_MS)
        this.#world.seen.note("log ran ahead of the leader's clock");
      this.entries.push({ command, about, stampMs: Number(stampNanos / NANOS_PER_MS), digest: undefined });
      const position = this.entries.length;
      this.#waiting.set(position, { node, done: resume });
      if (about.type === "blocks" && this.#ambush) {
        queue.after(0, this.#ambush);
        this.#ambush = undefined;
      }
      queue.after(this.#world.streams.net.exponential(this.#world.swarm.rpcDelayMs), () =>
        this.#commit(position),
      );
    });
  }

  /** Has something happen while the next registration is under way. */
  ambush(strike: () => void): void {
    this.#ambush = strike;
  }

  /** The leader goes, and after a while another one comes; perhaps it is the same. */
  changeLeader(leaderlessMs: number, next: () => MetaNode | undefined): void {
    const { queue, streams, seen } = this.#world;
    const { leader } = this;
    this.#world.trace(() => `${leader?.name ?? "nobody"} does not lead any more`);
    this.leader = undefined;
    const uncommitted = this.entries.length - this.#committed;
    if (uncommitted > 0) seen.note("leader changed with a proposal in doubt");
    const kept = streams.faults.integer(0, uncommitted);
    if (kept < uncommitted) seen.note("proposal in doubt was lost");
    this.entries.length = this.#committed + kept;
    for (const [position, { node, done }] of this.#waiting) {
      if (node.applied >= position) continue;
      this.#waiting.delete(position);
      queue.after(0, () => done({ type: "in-doubt" }));
    }
    queue.after(leaderlessMs, () => this.#elect(next));
  }

  /** Lets a node apply what is committed. */
  pump(node: MetaNode): void {
    if (this.#pumping.has(node) || !node.isUp || node.applied >= this.#committed) return;
    if (node.machine.isFrozen) {
      node.machine.whenThawed(() => this.pump(node));
      return;
    }
    this.#pumping.add(node);
    const { queue, streams, swarm } = this.#world;
    // The leader mostly has what it needs in memory.
    const lagMs = this.leader === node ? swarm.applyLagMs / 10 : swarm.applyLagMs;
    queue.after(streams.net.exponential(lagMs), () => {
      this.#pumping.delete(node);
      if (node.isUp && !node.machine.isFrozen) this.#applyNext(node);
      this.pump(node);
    });
  }

  #elect(next: () => MetaNode | undefined): void {
    if (this.leader) return;
    const leader = next();
    if (!leader) {
      this.#world.queue.after(5_000, () => this.#elect(next));
      return;
    }
    this.#world.trace(() => `${leader.name} leads: clock ahead by ${leader.clock.aheadMs}`);
    this.leader = leader;
    this.#commit(this.entries.length);
  }

  #commit(position: number): void {
    // What is in the log under this position may be another entry by now: it is not committed here, but with its own.
    if (position > this.entries.length || position <= this.#committed || !this.leader) return;
    this.#committed = position;
    for (const node of this.nodes) this.pump(node);
  }

  #applyNext(node: MetaNode): void {
    const entry = this.entries[node.applied];
    if (!entry || node.applied >= this.#committed) return;
    const isFirst = node.applied === this.#firstApplied;
    const judge = isFirst ? this.#observer.applying(node.state, entry) : undefined;
    const beforeNanos = node.state.lastStampNanos;
    const result = node.state.apply(entry.command);
    if (node.state.lastStampNanos < beforeNanos) throw new Violation("P1", "the time of the log goes back");
    node.advance();
    this.#compare(node, entry);
    if (isFirst) {
      this.#firstApplied++;
      this.logMs = Math.max(this.logMs, entry.stampMs);
    }
    judge?.(result);
    const waiting = this.#waiting.get(node.applied);
    if (waiting?.node !== node) return;
    this.#waiting.delete(node.applied);
    waiting.done({ type: "applied", result });
  }

  /** P1. */
  #compare({ name, state, applied }: MetaNode, entry: Entry): void {
    if (applied % DIGEST_EVERY !== 0) return;
    const digest = state.digest();
    entry.digest ??= digest;
    if (entry.digest !== digest)
      throw new Violation("P1", `${name} has another state than others after entry ${applied}`);
  }
}
