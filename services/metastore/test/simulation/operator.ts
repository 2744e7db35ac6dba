import { isJoint, isMember, nameOf, type MembershipTarget } from "@hearth/raft";

import type { Cluster } from "./cluster.ts";
import type { Member } from "./member.ts";

const LOOK_MS = 300;
const RESTART_MS = 3_500;
/** A member that is further behind than this is not made a voter. */
const MAX_LAG = 1_024;
/** How often, and how soon, somebody else wants a change taken back, without looking whether it is done. */
const TAKEN_BACK_RATE = 0.3;
const TAKEN_BACK_WITHIN_MS = 20;

interface Replacement {
  readonly old: string;
  readonly fresh: string;
  wasCutWhenPromoted: boolean;
}

/**
 * Whoever looks after the cluster: gives machines that lost their disk a new incarnation and swaps it for the old one, and
 * changes the members now and then. It does one thing at a time, and asks the leader again until it is done.
 */
export class Operator {
  readonly #cluster: Cluster;
  readonly #retired = new Set<string>();
  #replacement: Replacement | undefined;
  /** Old incarnations whose disk is gone. */
  readonly #wiped = new Set<string>();
  #target: MembershipTarget | undefined;
  readonly #incarnations = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#later();
  }

  /** Never to be started again: another incarnation has its place. */
  isRetired(member: Member): boolean {
    return this.#retired.has(member.id) || this.#wiped.has(member.id);
  }

  get isBusy(): boolean {
    return this.#replacement !== undefined || this.#target !== undefined;
  }

  /** The disk of this member is empty now. */
  wiped(member: Member): void {
    this.#wiped.add(member.id);
  }

  replaceSomebody(): void {
    const { leader, streams } = this.#cluster;
    const voters = leader?.node?.membership.voters ?? [];
    if (!this.isBusy && voters.length >= 3) this.#beginReplacement(streams.faults.pick(voters));
  }

  removeLeader(): void {
    const { leader } = this.#cluster;
    const membership = leader?.node?.membership;
    if (this.#hasHarmed(membership?.voters)) return;
    if (this.isBusy || !leader || !membership || membership.voters.length < 4) {
      if (leader && !this.isBusy && (membership?.voters.length ?? 0) === 3) this.#beginReplacement(leader.id);
      return;
    }
    this.#target = {
      voters: membership.voters.filter((id) => id !== leader.id),
      learners: membership.learners,
    };
  }

  /** Takes voters out, down to two, or brings back some that were taken out. */
  shrinkOrGrow(): void {
    const { leader, streams, running } = this.#cluster;
    const membership = leader?.node?.membership;
    if (this.isBusy || !membership || isJoint(membership) || this.#hasHarmed(membership.voters)) return;
    const { voters, learners } = membership;
    const outside = running.filter((member) => !isMember(membership, member.id) && !this.isRetired(member));
    if (outside.length > 0 || learners.length > 0) {
      const fresh = streams.faults
        .shuffled(outside)
        .slice(0, streams.faults.integer(1, Math.max(1, outside.length)))
        .map(({ id }) => id);
      this.#target =
        learners.length > 0
          ? { voters: [...voters, ...learners], learners: [] }
          : { voters, learners: fresh };
    } else if (voters.length > 3) {
      const order = streams.faults.shuffled([...voters]);
      const kept = new Set(order.slice(0, streams.faults.integer(2, voters.length - 1)));
      this.#target = { voters: voters.filter((id) => kept.has(id)), learners };
    }
  }

  /** What is under way, for the message of a run that does not end. */
  describe(): string {
    return JSON.stringify({
      replacement: this.#replacement,
      target: this.#target,
      retired: [...this.#retired].slice(-4),
      wiped: [...this.#wiped].slice(-4),
    });
  }

  /** Whether every voter is up, and nothing is left to do. */
  get isDone(): boolean {
    const membership = this.#cluster.leader?.node?.membership;
    if (this.isBusy || !membership || isJoint(membership)) return false;
    return membership.voters.every((id) => this.#cluster.member(id)?.state === "up");
  }

  #later(): void {
    const { queue, streams } = this.#cluster;
    queue.after(streams.ops.between(LOOK_MS / 2, LOOK_MS * 1.5), () => {
      this.#look();
      this.#later();
    });
  }

  #look(): void {
    this.#restartEnded();
    if (!this.#replacement && !this.#target) this.#findLost();
    if (this.#replacement) this.#advanceReplacement(this.#replacement);
    else if (this.#target) this.#advanceTarget(this.#target);
  }

  /** A process that ended by itself, since its disk failed, is started again. */
  #restartEnded(): void {
    const { members, queue } = this.#cluster;
    for (const member of members) {
      const isEnded = member.state === "down" && queue.nowMs - member.downSinceMs > RESTART_MS;
      if (isEnded && !this.isRetired(member)) member.boot();
    }
  }

  #findLost(): void {
    const { leader } = this.#cluster;
    const membership = leader?.node?.membership;
    if (!membership) return;
    const lost = [...membership.voters, ...membership.learners].find((id) => this.#isLost(id));
    if (lost !== undefined) this.#beginReplacement(lost);
  }

  /** Who has lost a voter does not take out another one. */
  #hasHarmed(voters: readonly string[] = []): boolean {
    return voters.some((id) => this.#isLost(id) || this.#cluster.member(id)?.isHarmed === true);
  }

  #isLost(id: string): boolean {
    const member = this.#cluster.member(id);
    // A change that was given up may come to light with a later leader: then a retired node is a member again.
    return this.#wiped.has(id) || this.#retired.has(id) || member?.state === "corrupt";
  }

  #beginReplacement(old: string): void {
    const name = nameOf(old);
    const incarnation = (this.#incarnations.get(name) ?? 0) + 1;
    this.#incarnations.set(name, incarnation);
    const fresh = `${name}/${incarnation}`;
    this.#replacement = { old, fresh, wasCutWhenPromoted: false };
    // A machine runs one process: the old incarnation ends when its successor begins, if its disk is gone.
    if (this.#isLost(old)) this.#retire(old);
    this.#cluster.addMember(fresh).boot();
  }

  #advanceReplacement(replacement: Replacement): void {
    const { leader, seen, cuts } = this.#cluster;
    const { old, fresh } = replacement;
    const fresher = this.#cluster.member(fresh);
    if (fresher?.state === "down" && !this.isRetired(fresher)) fresher.boot();
    if (fresher?.state === "corrupt" || (fresher && this.#wiped.has(fresh))) {
      // The new one is lost too: give it up, once it is out of the configuration.
      this.#giveUp(replacement);
      return;
    }
    const node = leader?.node;
    if (!node || !node.isMembershipCommitted || isJoint(node.membership)) return;
    const { voters, learners } = node.membership;
    if (voters.includes(fresh) && !voters.includes(old)) {
      if (this.#wiped.has(old) || this.#isLost(old)) seen.note("wiped node replaced");
      if (replacement.wasCutWhenPromoted) seen.note("learner promoted during a partition");
      this.#retire(old);
      this.#replacement = undefined;
      return;
    }
    if (!learners.includes(fresh)) {
      this.#change({ voters, learners: [...learners.filter((id) => id !== old), fresh] });
      return;
    }
    const peer = node.peers.find((candidate) => candidate.node === fresh);
    if (!peer?.isActive || peer.matchIndex < node.status().commit - MAX_LAG) return;
    const swapped = [...voters.filter((id) => id !== old), fresh];
    if (!this.#change({ voters: swapped, learners: learners.filter((id) => id !== fresh) })) return;
    replacement.wasCutWhenPromoted = cuts.size > 0;
  }

  #giveUp({ old, fresh }: Replacement): void {
    const node = this.#cluster.leader?.node;
    if (!node || !node.isMembershipCommitted || isJoint(node.membership)) return;
    const { voters, learners } = node.membership;
    if (voters.includes(fresh)) {
      // It is a voter already: it is replaced like any other.
      this.#retire(old);
      this.#replacement = undefined;
    } else if (learners.includes(fresh)) {
      this.#change({ voters, learners: learners.filter((id) => id !== fresh) });
    } else {
      this.#retire(fresh);
      this.#replacement = undefined;
    }
  }

  #retire(id: string): void {
    this.#retired.add(id);
    this.#cluster.member(id)?.crash();
  }

  #advanceTarget(target: MembershipTarget): void {
    const node = this.#cluster.leader?.node;
    if (!node || !node.isMembershipCommitted || isJoint(node.membership)) return;
    const { voters, learners } = node.membership;
    const isReached =
      target.voters.every((id) => voters.includes(id)) &&
      voters.length === target.voters.length &&
      target.learners.every((id) => learners.includes(id)) &&
      learners.length === target.learners.length;
    const isPossible = [...target.voters, ...target.learners].every((id) => !this.#isLost(id));
    const isCaughtUp = target.voters.every(
      (id) =>
        voters.includes(id) ||
        node.peers.some((peer) => peer.node === id && peer.matchIndex >= node.status().commit - MAX_LAG),
    );
    if (isReached || !isPossible || !isCaughtUp) this.#target = undefined;
    else this.#change(target);
  }

  /** @returns whether it has begun. */
  #change(target: MembershipTarget): boolean {
    const { leader, queue, streams } = this.#cluster;
    const before = leader?.node?.membership;
    if (!before || typeof leader.node?.changeMembership(target) !== "number") return false;
    if (streams.ops.chance(TAKEN_BACK_RATE)) {
      const { voters, learners } = before;
      queue.after(streams.ops.between(0, TAKEN_BACK_WITHIN_MS), () =>
        this.#cluster.leader?.node?.changeMembership({ voters, learners }),
      );
    }
    return true;
  }
}
