import {
  isLegalStep,
  isQuorum,
  type LogEntry,
  type LogPosition,
  type Membership,
  type Message,
} from "@hearth/raft";

import type { SimulatedDisk } from "./simulated-disk.ts";
import { Violation } from "./violation.ts";

interface NodeView {
  readonly id: string;
  readonly disk: SimulatedDisk;
  /** Somebody took from its disk what it had synced; that is not its fault. */
  readonly isHarmed: boolean;
}

export interface LogView {
  /** A snapshot covers everything before. */
  readonly firstIndex: number;
  position(index: number): LogPosition | undefined;
}

interface Committed {
  readonly term: number;
  readonly chain: number;
  readonly hash: number;
  /** It was committed in this term at the latest. */
  readonly knownInTerm: number;
}

/** What must hold over all nodes and all their lives, checked where it can first be broken. */
export class Invariants {
  readonly #leaders = new Map<number, string>();
  readonly #votes = new Map<string, string>();
  readonly #chains = new Map<number, number>();
  /** By index, from 1. */
  readonly #committed: (Committed | undefined)[] = [];
  #committedIndex = 1;
  readonly #durableTerms = new Map<string, number>();
  readonly #membershipAt = new Map<number, Membership>();

  /** The largest index that any node has applied. */
  get committedIndex(): number {
    return this.#committedIndex;
  }

  /** I1: at most one leader per term. I5: it has every committed entry. */
  leads(node: string, term: number, log: LogView): void {
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== node)
      throw new Violation("I1", `term ${term} has two leaders: ${other}, ${node}`);
    this.#leaders.set(term, node);
    const index = this.#committedBefore(term);
    const last = this.#committed[index];
    const isCovered = index < log.firstIndex - 1;
    if (last && !isCovered && log.position(index)?.chain !== last.chain) {
      throw new Violation("I5", `leader ${node} of term ${term} lacks the committed entry ${index}`);
    }
  }

  /** I1: at most one vote per node and term, over all restarts. */
  votes(node: string, term: number, candidate: string): void {
    const key = `${node} ${term}`;
    const other = this.#votes.get(key);
    if (other !== undefined && other !== candidate) {
      throw new Violation("I1", `${node} voted twice in term ${term}: ${other}, ${candidate}`);
    }
    this.#votes.set(key, candidate);
  }

  /** I2: what is durable of terms never falls. */
  durableTerm(node: string, term: number): void {
    if (term < (this.#durableTerms.get(node) ?? 0))
      throw new Violation("I2", `the durable term of ${node} fell to ${term}`);
    this.#durableTerms.set(node, term);
  }

  /** I4: equal index and term, equal prefix. I3 follows: a leader that rewrote an entry of its term would break it. */
  writes(node: string, entries: readonly LogEntry[]): void {
    for (const { index, term, chain } of entries) {
      const key = index * 65_536 + term;
      const other = this.#chains.get(key);
      if (other !== undefined && other !== chain) {
        throw new Violation("I4", `${node} has another entry ${index} of term ${term}`);
      }
      this.#chains.set(key, chain);
    }
  }

  /** I6: one command per index, and one state after it. */
  applies(node: string, position: LogPosition, hash: number, nodeTerm: number): void {
    const { index, term, chain } = position;
    const known = this.#committed[index];
    if (known && (known.chain !== chain || known.hash !== hash)) {
      throw new Violation("I6", `${node} applied something else at ${index}`);
    }
    const knownInTerm =
      known?.knownInTerm ?? Math.max(nodeTerm, this.#committed[this.#committedIndex]?.knownInTerm ?? 0);
    this.#committed[index] = { term, chain, hash, knownInTerm };
    this.#committedIndex = Math.max(this.#committedIndex, index);
  }

  /** I6 too: what nodes compare is the state after that entry. */
  checkpoint(node: string, index: number, hash: number): void {
    const known = this.#committed[index];
    if (known && known.hash !== hash) {
      throw new Violation("I6", `the checkpoint of ${node} at ${index} is not the state there`);
    }
  }

  /** I7: acknowledged means synced on a quorum of one of these configurations. */
  acknowledges(index: number, memberships: readonly Membership[], nodes: readonly NodeView[]): void {
    if (!this.isHeldByQuorum(index, memberships, nodes))
      throw new Violation("I7", `entry ${index} was acknowledged without a quorum`);
  }

  /** Whether the committed entry is on the disks of a quorum of one of these configurations. */
  isHeldByQuorum(index: number, memberships: readonly Membership[], nodes: readonly NodeView[]): boolean {
    const committed = this.#committed[index];
    const holds = (id: string): boolean => {
      const node = nodes.find((candidate) => candidate.id === id);
      return (
        node !== undefined &&
        committed !== undefined &&
        (node.isHarmed || node.disk.holds(index, committed.chain))
      );
    };
    return memberships.some((membership) => isQuorum(membership, holds));
  }

  /** I9: neighbours in the log are one legal step apart. */
  membership(index: number, before: Membership, after: Membership): void {
    if (!isLegalStep(before, after)) throw new Violation("I9", `an illegal configuration at ${index}`);
    this.#membershipAt.set(index, after);
  }

  /** I10: what promises that something is on disk leaves when it is. */
  sends(node: NodeView, message: Message, position: (index: number) => LogPosition | undefined): void {
    const { disk } = node;
    const hard = disk.hardFacts;
    switch (message.type) {
      case "append-response": {
        if (message.rejection) return;
        const { matchIndex } = message;
        const own = position(matchIndex);
        // Of what a snapshot covers, the log must have let go: its file alone is not what a start goes by.
        const isCovered = matchIndex <= (disk.start?.index ?? 0);
        const isWitnessed = isCovered || (hard?.witness.index ?? 0) >= matchIndex;
        // An answer to an earlier leader is about the entry that was there then.
        const isOfLater = own !== undefined && own.term > message.term;
        const isHeld = isCovered || disk.hasEntry(matchIndex, own?.chain);
        if (own && !isOfLater && !(isHeld && isWitnessed)) {
          throw new Violation("I10", `${node.id} acknowledged entry ${matchIndex} before it was on disk`);
        }
        return;
      }
      case "vote-response":
        if (!message.isGranted) return;
        this.votes(node.id, message.term, message.to);
        if (hard?.term !== undefined && hard.term < message.term) {
          throw new Violation(
            "I10",
            `${node.id} granted a vote of term ${message.term} before it was on disk`,
          );
        }
        return;
      case "vote":
        this.votes(node.id, message.term, node.id);
        if (hard?.term !== undefined && hard.term < message.term) {
          throw new Violation(
            "I10",
            `${node.id} asked for votes of term ${message.term} before its own was on disk`,
          );
        }
        return;
      default:
    }
  }

  /** I11: a snapshot is the state at its index, and the log is not compacted beyond one. */
  snapshot(node: string, position: LogPosition, hash: number): void {
    const known = this.#committed[position.index];
    if (known && (known.chain !== position.chain || known.hash !== hash)) {
      throw new Violation("I11", `the snapshot of ${node} at ${position.index} is not the state there`);
    }
  }

  compacts(node: NodeView, start: LogPosition): void {
    if (start.index > node.disk.newestSnapshot.position.index) {
      throw new Violation("I11", `${node.id} compacted up to ${start.index} without a snapshot`);
    }
  }

  /** The last entry that was committed in an earlier term: leaders that were elected late need have no others. */
  #committedBefore(term: number): number {
    let index = this.#committedIndex;
    while (index > 0 && (this.#committed[index]?.knownInTerm ?? Infinity) >= term) index--;
    return index;
  }

  /** What was committed at `index`; undefined when nobody applied it. */
  committed(index: number): Committed | undefined {
    return this.#committed[index];
  }
}
