import { isVoter } from "@hearth/raft";

import type { Cluster } from "./cluster.ts";
import type { Member } from "./member.ts";
import type { Operator } from "./operator.ts";
import { FAULT_KINDS, type FaultKind } from "./swarm.ts";

const E_MS = 1_000;

/** Trouble, one piece after the other, in the mixture of the run. */
export class Faults {
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  #hasEnded = false;

  constructor(cluster: Cluster, operator: Operator) {
    this.#cluster = cluster;
    this.#operator = operator;
    this.#later();
  }

  /** Nothing new, and what was done to network, disks and processes ends. */
  end(): void {
    this.#hasEnded = true;
    const { cuts, members, swarm, queue } = this.#cluster;
    cuts.clear();
    this.#cluster.swarm = { ...swarm, lossRate: 0, duplicateRate: 0, stuckRate: 0, writeErrorRate: 0 };
    for (const member of members) {
      member.disk.rates = this.#cluster.swarm;
      member.disk.stuckUntilMs = 0;
      member.disk.failsNext = false;
      member.frozenUntilMs = Math.min(member.frozenUntilMs, queue.nowMs);
      // Writes that stand still only end with the process.
      if (member.state === "up" && (member.node?.writeElapsedMs ?? 0) > 100) member.crash();
      if (member.state === "down" && !this.#operator.isRetired(member)) member.boot();
    }
  }

  #later(): void {
    const { queue, streams, swarm } = this.#cluster;
    queue.after(streams.faults.exponential(swarm.meanFaultMs), () => {
      if (this.#hasEnded) return;
      const kind = this.#draw();
      if (kind) this.#do(kind);
      this.#later();
    });
  }

  #draw(): FaultKind | undefined {
    const { streams, swarm } = this.#cluster;
    const total = FAULT_KINDS.reduce((sum, kind) => sum + swarm.faults[kind], 0);
    let at = streams.faults.between(0, total);
    return FAULT_KINDS.find((kind) => (at -= swarm.faults[kind]) < 0);
  }

  #do(kind: FaultKind): void {
    const { streams, running, leader, queue } = this.#cluster;
    const dice = streams.faults;
    if (running.length === 0) return;
    const victim = leader && dice.chance(0.4) ? leader : dice.pick(running);
    switch (kind) {
      case "crash":
        return this.#crash(victim);
      case "crash-all":
        for (const member of running) this.#crash(member);
        return;
      case "cut":
        return this.#cut();
      case "isolate-leader":
        if (leader) this.#isolate(leader);
        return;
      case "stick-disk":
        victim.disk.stuckUntilMs = queue.nowMs + dice.between(500, 4_000);
        return;
      case "fail-disk":
        victim.disk.failsNext = true;
        return;
      case "freeze":
        victim.frozenUntilMs = queue.nowMs + dice.between(100, 5_000);
        return;
      case "wipe":
      case "rot":
      case "lying-sync":
      case "rot-hard-state":
        return this.#harm(victim, kind);
      case "transfer":
        return this.#transfer();
      case "replace":
        return this.#operator.replaceSomebody();
      case "shrink-or-grow":
        return this.#operator.shrinkOrGrow();
      case "remove-leader":
        return this.#operator.removeLeader();
    }
  }

  #crash(member: Member): void {
    const { queue, streams } = this.#cluster;
    member.crash();
    queue.after(streams.faults.between(10, 3_000), () => this.#restart(member));
  }

  #restart(member: Member): void {
    if (member.state === "down" && !this.#operator.isRetired(member)) member.boot();
  }

  /** Takes something that was acknowledged from a disk, if a majority stays whole. */
  #harm(victim: Member, kind: "wipe" | "rot" | "lying-sync" | "rot-hard-state"): void {
    if (!this.#mayHarm(victim)) return;
    const { streams } = this.#cluster;
    if (kind === "lying-sync") {
      victim.isHarmed = true;
      victim.disk.lie();
      return;
    }
    victim.isHarmed = true;
    victim.crash();
    if (kind === "wipe") {
      this.#operator.wiped(victim);
      return;
    }
    if (kind === "rot-hard-state") victim.disk.rotHardState();
    else if (streams.faults.chance(0.15)) victim.disk.loseLog();
    else if (streams.faults.chance(0.2)) victim.disk.loseSnapshots();
    else victim.disk.rotEntry();
    this.#restart(victim);
  }

  #mayHarm(victim: Member): boolean {
    const { members, leader } = this.#cluster;
    const membership = leader?.node?.membership;
    if (!leader || !membership || membership.outgoing.length > 0 || victim.isHarmed) return false;
    if (this.#operator.isBusy || !isVoter(membership, victim.id)) return false;
    const harmed = members.filter(
      (member) =>
        membership.voters.includes(member.id) && (member.isHarmed || this.#operator.isRetired(member)),
    ).length;
    return harmed + 1 <= (membership.voters.length - 1) / 2;
  }

  #cut(): void {
    const { streams, members, cuts } = this.#cluster;
    const dice = streams.faults;
    const names = dice.shuffled([...new Set(members.map(({ name }) => name))]);
    const split = dice.integer(1, Math.max(1, names.length - 1));
    const pairs = new Set<string>();
    const kind = dice.next();
    const bridge = kind > 0.8 ? names[0] : undefined;
    for (const a of names.slice(0, split)) {
      for (const b of names.slice(split)) {
        if (a === bridge || b === bridge) continue;
        pairs.add(`${a}>${b}`);
        // One direction only, now and then: requests arrive, answers do not.
        if (kind > 0.25) pairs.add(`${b}>${a}`);
      }
    }
    for (const pair of pairs) cuts.add(pair);
    this.#healLater(pairs);
  }

  /** @param hearsNothingOnly - what it says gets through. */
  #isolate(member: Member, { hearsNothingOnly = false } = {}): void {
    const { members, cuts } = this.#cluster;
    const pairs = new Set<string>();
    for (const { name } of members) {
      if (name === member.name) continue;
      pairs.add(`${name}>${member.name}`);
      if (!hearsNothingOnly) pairs.add(`${member.name}>${name}`);
    }
    for (const pair of pairs) cuts.add(pair);
    this.#healLater(pairs);
  }

  #healLater(pairs: ReadonlySet<string>): void {
    const { queue, streams, cuts } = this.#cluster;
    queue.after(streams.faults.between(200, 6_000), () => {
      for (const pair of pairs) cuts.delete(pair);
    });
  }

  #transfer(): void {
    const { streams, leader, queue, seen } = this.#cluster;
    const voters = leader?.node?.membership.voters.filter((id) => id !== leader.id) ?? [];
    if (!leader?.node || voters.length === 0) return;
    const { term } = leader.node.status();
    if (leader.node.transfer(streams.faults.pick(voters)) !== undefined) return;
    // A leader that is none any more and cannot hear of it: for up to E it believes that it leads beside the next.
    if (streams.faults.chance(0.5)) this.#isolate(leader, { hearsNothingOnly: true });
    queue.after(2 * E_MS, () => {
      const status = leader.node?.status();
      if (status?.role === "leader" && status.term === term) seen.note("transfer aborted");
    });
  }
}
