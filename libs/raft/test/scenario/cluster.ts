import { invariant } from "@hearth/errors";

import { defaultRaftSettings, membersOf, type LogEntry, type Membership } from "../../src/index.ts";
import type { Message, NodeId, RaftSettings } from "../../src/index.ts";
import { bootstrap } from "./chain-of.ts";
import { ScriptedDisk, type Stored } from "./scripted-disk.ts";
import { ScriptedNetwork } from "./scripted-network.ts";
import { ScriptedNode } from "./scripted-node.ts";
import { entryText, messageText, statusText } from "./words.ts";

export interface ClusterPlan {
  readonly membership: Membership;
  /** Nodes with nothing on their disk, which are not members yet. */
  readonly joiners: readonly NodeId[];
  readonly settings: Partial<RaftSettings>;
  /** Ticks, of the nodes in order; the others get E, E + 1 … in turn. */
  readonly timeouts: readonly number[];
}

/** Short, so that traces are. */
const ELECTION_TICKS = 3;

/** A scenario's nodes and their network, and what is always true of them. */
export class Cluster {
  readonly network = new ScriptedNetwork();
  readonly #nodes = new Map<NodeId, ScriptedNode>();
  readonly #print: (line: string) => void;
  /** By index: what was applied, by whomever. */
  readonly #applied = new Map<number, string>();
  readonly #leaders = new Map<number, NodeId>();

  constructor(plan: ClusterPlan, print: (line: string) => void) {
    this.#print = print;
    const { membership, joiners } = plan;
    const settings = { ...defaultRaftSettings, electionTicks: ELECTION_TICKS, ...plan.settings };
    const members = membersOf(membership);
    for (const [at, id] of [...members, ...joiners].entries()) {
      const timeout = plan.timeouts[at] ?? settings.electionTicks + (at % settings.electionTicks);
      // The middle of the interval that the core rounds to this timeout.
      const random = (timeout - settings.electionTicks + 0.5) / settings.electionTicks;
      this.#add(id, { settings, random, stored: members.includes(id) ? firstDisk(membership) : emptyDisk() });
    }
  }

  get nodes(): ScriptedNode[] {
    return [...this.#nodes.values()];
  }

  node(id: NodeId): ScriptedNode {
    const node = this.#nodes.get(id);
    invariant(node, `no such node: ${id}`);
    return node;
  }

  /** A message arrives, from the network or out of nowhere. */
  arrive(message: Message): void {
    const node = this.node(message.to);
    const loaded = this.#load(message);
    if (!loaded) return;
    this.#print(`${node.id} <- ${message.from}: ${messageText(loaded)}${node.isUp ? "" : " (lost)"}`);
    if (node.isUp) node.act((core) => core.step(loaded));
  }

  /** Persists, and delivers what `isWanted`, until nothing of it waits. No time passes. */
  stabilize(isWanted: (message: Message) => boolean = () => true): void {
    for (let round = 0; round < 1_000; round++) {
      const writing = this.nodes.filter((node) => node.isUp && node.disk.waitingCount > 0);
      for (const node of writing) node.persist(Infinity);
      const messages = this.network.take(undefined, isWanted);
      if (messages.length === 0 && writing.length === 0) return;
      for (const message of messages) this.arrive(message);
    }
    invariant(false, "the cluster does not come to rest");
  }

  statusLine(node: ScriptedNode): string {
    return node.isUp ? `${node.id} ${statusText(node.core.status())}` : `${node.id} down`;
  }

  /** Raft's promises, as far as they can be seen from outside at any moment. */
  check(): void {
    for (const { id, core } of this.nodes.filter((node) => node.isUp)) {
      const { role, term, leader } = core.status();
      if (role === "leader") {
        const other = this.#leaders.get(term) ?? id;
        invariant(other === id && leader === id, `two leaders in one term: ${other} ${id} term=${term}`);
        this.#leaders.set(term, id);
      }
    }
  }

  #add(
    id: NodeId,
    { stored, settings, random }: { stored: Stored; settings: RaftSettings; random: number },
  ): void {
    const node = new ScriptedNode({
      id,
      disk: new ScriptedDisk(stored),
      settings,
      random,
      print: this.#print,
      send: (message) => this.network.send(message),
      onApplied: (entries) => this.#noteApplied(id, entries),
    });
    this.#nodes.set(id, node);
    node.start();
  }

  /** A leader never rewrites its log, so the entries that an Append names may be loaded as late as this. */
  #load(message: Message): Message | undefined {
    if (message.type !== "append" || message.rangeEnd === undefined) return message;
    const sender = this.node(message.from);
    const { prev, rangeEnd } = message;
    const entries = sender.disk.load(prev.index + 1, rangeEnd);
    if (entries) return { ...message, entries, rangeEnd: undefined };
    if (!sender.isUp) return undefined;
    this.#print(`${sender.id} has ${prev.index + 1}..${rangeEnd - 1} no more`);
    sender.act((core) => core.rangeGone(message.to));
    return undefined;
  }

  #noteApplied(id: NodeId, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const text = `${entryText(entry)} ${entry.chain}`;
      const other = this.#applied.get(entry.index) ?? text;
      invariant(other === text, `${id} applies ${text} where another node applied ${other}`);
      this.#applied.set(entry.index, text);
    }
  }
}

function firstDisk(membership: Membership): Stored {
  return { term: 1, vote: undefined, start: bootstrap, membership, entries: [] };
}

function emptyDisk(): Stored {
  const membership = { voters: [], outgoing: [], learners: [] };
  return { term: 0, vote: undefined, start: { index: 0, term: 0, chain: 0 }, membership, entries: [] };
}
