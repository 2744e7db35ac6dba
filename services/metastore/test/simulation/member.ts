import {
  defaultRaftSettings,
  isJoint,
  type LogEntry,
  type LogPosition,
  type Membership,
  type Message,
} from "@hearth/raft";

import type { LogChange } from "../../src/replicated-log/log-store.ts";
import type { Done, NodeDisk } from "../../src/raft-node/node-ports.ts";
import { RaftNode } from "../../src/raft-node/raft-node.ts";
import { nodeName, type Identity } from "../../src/replicated-log/identity.ts";
import { chainValue } from "../../src/replicated-log/log-entry.ts";
import { decodeCommand, type RegisterResult } from "./register-machine.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

export type MemberState = "up" | "down" | "corrupt";

const TICK_MS = 100;
const CHECKPOINT_ENTRIES = 5;

/** One node of the simulated cluster: a disk that outlives crashes, and the real node while the process runs. */
export class Member {
  readonly id: string;
  readonly name: string;
  readonly disk: SimulatedDisk;
  state: MemberState = "down";
  node: RaftNode<RegisterResult> | undefined;
  /** Since when it is down or corrupt. */
  downSinceMs = 0;
  frozenUntilMs = 0;
  /** Somebody took something from its disk that it had acknowledged. */
  isHarmed = false;
  readonly #world: World;
  #life = 0;
  #wasLeader = false;
  #lastTerm = 0;
  #candidateTerm = 0;
  #lastResult: { position: number; isFirst: boolean } | undefined;
  /** A snapshot is on its way to this node, or being installed. */
  isInstalling = false;

  constructor(world: World, identity: Identity, position: LogPosition, membership: Membership) {
    this.#world = world;
    this.id = identity.nodeId;
    this.name = nodeName(identity);
    const { queue, streams, swarm } = world;
    this.disk = new SimulatedDisk(
      { queue, dice: streams.disk, rates: swarm },
      { identity, position, membership },
    );
  }

  get isLeader(): boolean {
    return this.node?.status().role === "leader";
  }

  /** The process starts; what it finds on its disk decides whether it takes part. */
  boot(): void {
    const { disk } = this;
    const isDamaged = disk.isDamaged;
    const found = disk.recover(this.name);
    this.#world.noteStart();
    this.#life++;
    if (found.type === "refused") {
      if (!isDamaged) throw new Violation("I12", `${this.id} refuses a disk without damage: ${found.reason}`);
      this.#world.sawRefusal(found.reason);
      this.#become("corrupt");
      return;
    }
    if (isDamaged) throw new Violation("I12", `${this.id} starts although acknowledged entries are missing`);
    if (found.wasTorn) this.#world.seen.note("torn tail cut off");
    this.isHarmed = false;
    this.#become("up");
    this.#wasLeader = false;
    this.#startNode(found);
    this.#tickLater(this.#world.streams.timing.between(0, TICK_MS));
    this.#snapshotLater();
  }

  /** The process ends without a word, or the power goes. */
  crash(): void {
    if (this.state === "down") return;
    const { seen } = this.#world;
    if (this.isLeader && this.node && isJoint(this.node.membership)) {
      seen.note("leader crashed inside a joint configuration");
    }
    if (this.isInstalling) seen.note("snapshot interrupted by a crash");
    this.isInstalling = false;
    this.node?.stop("crash");
    this.node = undefined;
    this.#life++;
    this.frozenUntilMs = 0;
    if (this.disk.crash()) this.isHarmed = true;
    if (this.state === "up") this.#become("down");
  }

  receive(message: Message): void {
    this.#whenAwake(() => {
      this.#world.trace(() => `${this.id} gets ${message.type} of ${message.from}`);
      this.node?.receive(message);
    });
  }

  /** Runs `action` when the process is not frozen, unless its life ends before. */
  #whenAwake(action: () => void): void {
    const { queue } = this.#world;
    if (queue.nowMs >= this.frozenUntilMs) {
      action();
      return;
    }
    const life = this.#life;
    queue.after(this.frozenUntilMs - queue.nowMs + 0.01, () => {
      if (life === this.#life) this.#whenAwake(action);
    });
  }

  #become(state: MemberState): void {
    this.#world.trace(() => `${this.id} is ${state}`);
    this.state = state;
    this.downSinceMs = this.#world.queue.nowMs;
  }

  #tickLater(ms: number): void {
    const life = this.#life;
    const { queue } = this.#world;
    queue.after(ms, () => {
      if (life !== this.#life) return;
      // A frozen process misses its ticks, and gets one when it wakes.
      const isFrozen = queue.nowMs < this.frozenUntilMs;
      if (!isFrozen) this.node?.tick();
      this.#observe();
      this.#tickLater(isFrozen ? this.frozenUntilMs - queue.nowMs + 1 : TICK_MS);
    });
  }

  #snapshotLater(): void {
    const life = this.#life;
    const { queue, streams, swarm } = this.#world;
    queue.after(streams.timing.exponential(swarm.snapshotEveryMs), () => {
      if (life !== this.#life) return;
      this.#whenAwake(() => this.node?.takeSnapshot(() => {}));
      this.#snapshotLater();
    });
  }

  #startNode(found: Extract<ReturnType<SimulatedDisk["recover"]>, { type: "start" }>): void {
    const { hard, snapshot, start, entries } = found;
    const world = this.#world;
    const node: RaftNode<RegisterResult> = new RaftNode<RegisterResult>(
      {
        raft: {
          nodeId: this.id,
          bootId: found.sequence,
          random: world.streams.timing.next,
          chainOf: chainValue,
          settings: {
            ...defaultRaftSettings,
            maxAppendEntries: world.swarm.maxAppendEntries,
            cachedEntries: world.swarm.cachedEntries,
          },
        },
        disk: this.#observedDisk(),
        network: {
          send: (message) => {
            world.invariants.sends(this, message, (index) => node.position(index));
            world.send(message);
          },
          sendSnapshot: (to, term, done) => world.sendSnapshot(this, to, term, done),
        },
        stateMachine: this.#observedMachine(),
        nowMs: () => world.queue.nowMs,
        defer: (turn) => world.queue.after(0, turn),
        events: {
          onStatus: () => this.#observe(),
          onHalt: ({ type, reason }) => this.#halted(type, reason),
          onAlarm: (alarm) => {
            throw new Violation("alarm", `${this.id}: ${alarm}`);
          },
          onWrite() {},
          onApply: () => this.#applied(),
        },
        trailingEntries: world.swarm.trailingEntries,
        checkpointEntries: CHECKPOINT_ENTRIES,
      },
      {
        core: { ...hard, start, entries, membership: snapshot.membership, applied: snapshot.position.index },
        disk: { ...hard, firstIndex: start.index + 1, lastIndex: entries.at(-1)?.index ?? start.index },
        applied: snapshot.position,
      },
    );
    this.node = node;
    this.#lastTerm = 0;
    if (node.membership.voters.length === 1 && node.membership.outgoing.length === 0) node.campaign();
  }

  #observedMachine(): ConstructorParameters<typeof RaftNode<RegisterResult>>[0]["stateMachine"] {
    return {
      apply: (command) => {
        const outcome = this.disk.machine.apply(command);
        if (outcome.type !== "applied") return outcome;
        const { position, isRepeated } = outcome.result;
        const { key, value } = decodeCommand(command);
        if (!isRepeated) this.#world.history.applied(position, key, value);
        this.#lastResult = { position, isFirst: !isRepeated };
        return outcome;
      },
      digest: () => this.disk.machine.digest(),
      capture: () => [],
      restore: () => ({ add() {}, finish() {} }),
    };
  }

  #applied(): void {
    const { node } = this;
    if (!node) return;
    const { invariants, seen } = this.#world;
    const { applied } = node;
    const isNew = applied.index > invariants.committedIndex;
    if (!this.disk.holds(applied.index, applied.chain)) {
      throw new Violation("I10", `${this.id} applied entry ${applied.index} before it was on disk`);
    }
    invariants.applies(this.id, applied, this.disk.machine.hash, node.status().term);
    const checkpoint = node.checkpoints.at(-1);
    if (checkpoint) invariants.checkpoint(this.id, checkpoint.index, Number(checkpoint.digest));
    if (isNew && applied.term < node.status().term) seen.note("committed by a later term's entry only");
    if (this.#lastResult?.isFirst && this.isLeader && isNew) {
      // The configuration that counted is that at the entry or a later one, if the log had one when it was committed.
      const later = this.disk.membershipIndexes().filter((index) => index > applied.index);
      const memberships = [applied.index, ...later].map((index) => node.membershipAt(index));
      invariants.acknowledges(applied.index, [...memberships, node.membership], this.#world.members);
    }
  }

  #observedDisk(): NodeDisk {
    const { disk } = this;
    const { invariants, seen } = this.#world;
    const life = this.#life;
    const back =
      (done: Done): Done =>
      (error) => {
        if (life === this.#life) this.#whenAwake(() => this.#writeDone(() => done(error)));
      };
    return {
      writeLog: (change, done) => {
        this.#world.trace(
          () =>
            `${this.id} writes log start=${change.start?.index} remove=${JSON.stringify(change.remove)} entries=${change.entries.map(({ index, term }) => `${index}@${term}`).join()}`,
        );
        this.#checkChange(change);
        disk.writeLog(change, back(done));
      },
      writeHardState: (facts, done) => {
        this.#world.trace(() => `${this.id} writes hard state ${JSON.stringify(facts)}`);
        disk.writeHardState(
          facts,
          back((error) => {
            if (error === undefined) invariants.durableTerm(this.id, facts.term);
            if (error === undefined && facts.vote !== undefined)
              invariants.votes(this.id, facts.term, facts.vote);
            done(error);
          }),
        );
      },
      compactLog: (start, done) => {
        invariants.compacts(this, start);
        disk.compactLog(start, back(done));
      },
      loadEntries: (from, to, done) => {
        disk.loadEntries(from, to, (entries) => back(() => done(entries))());
      },
      writeSnapshot: (facts, done) => {
        invariants.snapshot(this.id, facts.position, disk.machine.hash);
        disk.writeSnapshot(facts, back(done));
      },
      restoreSnapshot: (index, done) => {
        disk.restoreSnapshot(
          index,
          back((error) => {
            if (error === undefined) seen.note("snapshot installed");
            this.isInstalling = false;
            done(error);
          }),
        );
      },
    };
  }

  /** I10: what a node counts as its own share of a quorum, and applies, is on its disk. */
  #writeDone(done: () => void): void {
    done();
    const { node } = this;
    if (!node || node.status().halt) return;
    const position = node.position(node.stableIndex);
    if (!position || !this.disk.holds(position.index, position.chain)) {
      throw new Violation(
        "I10",
        `${this.id} takes entry ${node.stableIndex} for stable before it is on disk`,
      );
    }
  }

  #checkChange({ start, remove, entries }: LogChange): void {
    const { invariants, seen } = this.#world;
    invariants.writes(this.id, entries);
    if (remove && !start) {
      seen.note("uncommitted entries overwritten");
      this.#checkRemoved(remove);
      if (this.disk.hasJoint(remove)) seen.note("joint configuration rolled back");
    }
    for (const entry of entries) {
      if (entry.type !== "membership") continue;
      this.#checkSettled(entry, entries);
      this.#world.noteMembership(entry);
    }
  }

  /** I5: where somebody meant to remove an entry before others committed it, and does so after that, they must be enough. */
  #checkRemoved(remove: { readonly from: number; readonly to: number }): void {
    const { node } = this;
    const { invariants, members } = this.#world;
    const others = members.filter((member) => member !== this);
    for (const index of node ? this.disk.committedAmong(remove, invariants) : []) {
      const memberships = [node!.membershipAt(index), node!.membership];
      if (!invariants.isHeldByQuorum(index, memberships, others)) {
        throw new Violation("I5", `${this.id} removes the committed entry ${index}`);
      }
    }
  }

  /** I9: a leader changes the members only after it committed something of its term, and the last change. */
  #checkSettled(entry: LogEntry, written: readonly LogEntry[]): void {
    const { node } = this;
    const status = node?.status();
    if (!node || status?.role !== "leader" || status.term !== entry.term) return;
    if (node.position(status.commit)?.term !== status.term) {
      throw new Violation("I9", `${this.id} changes the members before it knows what is committed`);
    }
    const isOther = (index: number): boolean => index > status.commit && index < entry.index;
    const together = written.filter(({ type }) => type === "membership").map(({ index }) => index);
    if ([...this.disk.membershipIndexes(), ...together].some(isOther)) {
      throw new Violation("I9", `${this.id} has two changes of members under way at ${entry.index}`);
    }
  }

  /** Looks at what changed since the last look: I1, I2, and what the run is to have seen. */
  #observe(): void {
    const { node } = this;
    if (!node) return;
    const status = node.status();
    const { invariants, seen } = this.#world;
    if (status.term < this.#lastTerm)
      throw new Violation("I2", `the term of ${this.id} fell to ${status.term}`);
    const isLeader = status.role === "leader";
    if (isLeader && (!this.#wasLeader || status.term !== this.#lastTerm)) {
      invariants.leads(this.id, status.term, node);
    }
    if (this.#wasLeader && !isLeader && status.term === this.#lastTerm && !status.halt) this.#steppedDown();
    if (status.role === "candidate" && status.term !== this.#candidateTerm) {
      this.#candidateTerm = status.term;
      if (this.#world.noteCandidate(status.term)) seen.note("split vote");
    }
    this.#wasLeader = isLeader;
    this.#lastTerm = status.term;
  }

  #steppedDown(): void {
    const { node } = this;
    const { seen } = this.#world;
    if (!node) return;
    if (!node.isMember) seen.note("leader removed");
    else if (node.writeElapsedMs > 1_000) seen.note("disk stuck, leader stepped down");
    else seen.note("quorum lost, leader stepped down");
  }

  #halted(type: "corrupt" | "fatal", reason: string): void {
    const isOfDisk = /^(?:writing|restoring|compacting)/.test(reason);
    if (type === "fatal" && !isOfDisk) throw new Violation("fatal", `${this.id}: ${reason}`);
    if (type === "corrupt" && !this.isHarmed) throw new Violation("corrupt", `${this.id}: ${reason}`);
    const life = this.#life;
    this.#world.queue.after(0, () => {
      if (life !== this.#life) return;
      this.crash();
      if (type === "corrupt") this.#become("corrupt");
    });
  }
}
