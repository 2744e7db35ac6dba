import {
  decodeMembership,
  isJoint,
  nameOf,
  type LogEntry,
  type Membership,
  type Message,
} from "@hearth/raft";

import {
  bootstrapMembership,
  bootstrapPosition,
  firstIdentity,
  type Identity,
} from "../../src/replicated-log/identity.ts";
import { streamsOf, type Streams } from "./dice.ts";
import { EventQueue } from "./event-queue.ts";
import { History } from "./history.ts";
import { Invariants } from "./invariants.ts";
import { Member } from "./member.ts";
import { Seen, type Sight } from "./seen.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** The members, the network between them, and what everybody may look at. */
export class Cluster implements World {
  readonly queue = new EventQueue();
  readonly streams: Streams;
  readonly invariants = new Invariants();
  readonly history = new History();
  readonly seen = new Seen();
  readonly members: Member[] = [];
  swarm: Swarm;
  /** Directed pairs of names between which nothing gets through. */
  readonly cuts = new Set<string>();
  readonly #peers: readonly string[];
  readonly #memberships = new Map<string, Membership>();
  readonly #candidates = new Map<number, number>();
  readonly #byId = new Map<string, Member>();

  constructor(seed: number, swarm: Swarm) {
    this.streams = streamsOf(seed);
    this.swarm = swarm;
    this.#peers = Array.from({ length: swarm.nodes }, (_, n) => `n${n + 1}`);
    for (const name of this.#peers) this.addMember(`${name}/0`);
  }

  /** A node with an empty disk. It knows the cluster that began, and nothing that came after. */
  addMember(nodeId: string): Member {
    const [name = ""] = nodeId.split("/");
    const first = firstIdentity({ name: "simulated", peers: this.#peers, nodeName: name });
    const identity: Identity = { ...first, nodeId };
    const member = new Member(this, identity, bootstrapPosition(identity), bootstrapMembership(this.#peers));
    this.members.push(member);
    this.#byId.set(nodeId, member);
    return member;
  }

  member(nodeId: string): Member | undefined {
    return this.#byId.get(nodeId);
  }

  get running(): Member[] {
    return this.members.filter(({ state }) => state === "up");
  }

  /** The leader of the highest term, as somebody would see it who looks at all nodes. */
  get leader(): Member | undefined {
    let leader: Member | undefined;
    for (const member of this.members) {
      if (member.isLeader && (member.node?.status().term ?? 0) > (leader?.node?.status().term ?? 0))
        leader = member;
    }
    return leader;
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.size > 0 && this.cuts.has(`${nameOf(from)}>${nameOf(to)}`);
  }

  send(message: Message): void {
    const { net } = this.streams;
    const { lossRate, duplicateRate, meanDelayMs } = this.swarm;
    this.trace(() => `${message.from} sends ${describe(message)}`);
    if (this.isCut(message.from, message.to) || net.chance(lossRate)) return;
    const copies = net.chance(duplicateRate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.queue.after(net.exponential(meanDelayMs), () => {
        if (!this.isCut(message.from, message.to)) this.#byId.get(message.to)?.receive(message);
      });
    }
  }

  sendSnapshot(from: Member, to: string, term: number, done: (index: number | undefined) => void): void {
    const { net } = this.streams;
    const snapshot = from.disk.newestSnapshot;
    const target = this.#byId.get(to);
    const end = (index: number | undefined): void => {
      if (target) target.isInstalling = false;
      this.queue.after(net.exponential(this.swarm.meanDelayMs), () => done(index));
    };
    if (target) target.isInstalling = true;
    const node = target?.node;
    this.queue.after(net.between(20, 1_200), () => {
      const isLost = this.isCut(from.id, to) || net.chance(this.swarm.lossRate);
      if (!target || !node || target.node !== node || isLost) return end(undefined);
      if (node.status().term > term) this.seen.note("snapshot raced by a newer leader");
      target.disk.addSnapshot({ ...snapshot, machine: snapshot.machine.copy() });
      const { position, membership } = snapshot;
      node.snapshotReceived(from.id, term, { position, membership });
      end(position.index);
    });
  }

  /** The last lines of {@link trace}; undefined when nobody wants them. */
  lines: string[] | undefined;

  trace(line: () => string): void {
    if (!this.lines) return;
    this.lines.push(`${this.queue.nowMs.toFixed(1)} ${line()}`);
    if (this.lines.length > 4_000) this.lines.splice(0, 2_000);
  }

  noteMembership(entry: LogEntry): void {
    const key = `${entry.index} ${entry.chain}`;
    if (this.#memberships.has(key)) return;
    const membership = decodeMembership(entry.payload);
    if (!membership) throw new Error("a configuration that cannot be read");
    this.#memberships.set(key, membership);
    if (isJoint(membership)) this.seen.note("joint configuration entered");
  }

  noteCandidate(term: number): boolean {
    const count = (this.#candidates.get(term) ?? 0) + 1;
    this.#candidates.set(term, count);
    return count === 2;
  }

  /** Starts of processes, each with a recovery of its disk. */
  startCount = 0;

  noteStart(): void {
    this.startCount++;
  }

  sawRefusal(reason: string): void {
    this.seen.note(`refused: ${reason}` as Sight);
  }
}

function describe(message: Message): string {
  const { type, from: _from, to, ...rest } = message;
  const fields = Object.entries(rest).map(([name, value]) => {
    if (name === "entries") return `entries=${(value as unknown[]).length}`;
    return `${name}=${typeof value === "object" ? JSON.stringify(value) : String(value)}`;
  });
  return `${type} to ${to} ${fields.join(" ")}`;
}
