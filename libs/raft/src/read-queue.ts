import type { NodeId } from "./entry.ts";

/** Who waits for a read: this node itself, or a follower that asked. */
export interface ReadOrigin {
  readonly node: NodeId;
  readonly bootId: number;
  readonly readId: number;
}

interface Waiting {
  readonly origin: ReadOrigin;
  /** Of this term; 0 while the leader has committed nothing in it. */
  readonly roundId: number;
  readonly index: number;
}

export interface ConfirmedRead {
  readonly origin: ReadOrigin;
  readonly index: number;
}

/**
 * Reads that wait at the leader until a quorum has shown that it still leads (Raft thesis §6.4). One round of heartbeats
 * serves all that wait. Round ids rise within a term and are never used twice.
 */
export class ReadQueue {
  #held: ReadOrigin[] = [];
  #waiting: Waiting[] = [];
  /** The last round that was given out. */
  #roundId = 0;
  /** The last round whose heartbeats went out. */
  #askedRoundId = 0;

  get length(): number {
    return this.#held.length + this.#waiting.length;
  }

  /** What heartbeats ask to be confirmed. */
  get roundId(): number {
    return this.#roundId;
  }

  /** Nothing of this term is committed yet, so the commit index may be behind. */
  hold(origin: ReadOrigin): void {
    this.#held.push(origin);
  }

  /** The reads that were held may begin. */
  releaseHeld(index: number): void {
    for (const origin of this.#held.splice(0)) this.add(origin, index);
  }

  /** @param index - the commit index now. */
  add(origin: ReadOrigin, index: number): void {
    this.#waiting.push({ origin, roundId: ++this.#roundId, index });
  }

  /** Whether heartbeats should go out now for reads that none has asked for. One round is under way at a time. */
  takeRound(): boolean {
    const [first] = this.#waiting;
    if (first === undefined || first.roundId <= this.#askedRoundId) return false;
    this.#askedRoundId = this.#roundId;
    return true;
  }

  /** Heartbeats with the current round went out for another reason. */
  noteAsked(): void {
    this.#askedRoundId = this.#roundId;
  }

  /** A quorum confirmed all rounds up to `roundId`. */
  confirm(roundId: number): ConfirmedRead[] {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.roundId <= roundId) count++;
    return this.#waiting.splice(0, count);
  }

  /** The lead is lost. @returns who waited. */
  clear(): ReadOrigin[] {
    const origins = [...this.#held, ...this.#waiting.map(({ origin }) => origin)];
    this.#held = [];
    this.#waiting = [];
    this.#roundId = 0;
    this.#askedRoundId = 0;
    return origins;
  }
}
