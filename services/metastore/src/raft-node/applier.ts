import type { LogEntry, LogPosition } from "@hearth/raft";

import { follows } from "../replicated-log/log-entry.ts";
import type { StateMachine } from "../replicated-log/replicated-log.ts";

/** What became of a proposal. */
export type ProposalResult<Result> =
  | { readonly type: "applied"; readonly result: Result }
  /** It may be applied or not: ask again with the same request id. */
  | { readonly type: "unknown"; readonly reason: string };

export interface ApplierDeps<Result> {
  readonly stateMachine: StateMachine<Result>;
  readonly nowMs: () => number;
  /** Runs `turn` soon, after other work. */
  readonly defer: (turn: () => void) => void;
  /** Entries `[from, to)` from memory. */
  readonly cachedEntries: (from: number, to: number) => readonly LogEntry[] | undefined;
  /** The same from disk; undefined when they are not there, or damaged. */
  readonly loadEntries: (
    from: number,
    to: number,
    done: (entries: readonly LogEntry[] | undefined) => void,
  ) => void;
  readonly events: ApplierEvents;
  /** A checkpoint is noted at the multiples of this. */
  readonly checkpointEntries: number;
}

export interface ApplierEvents {
  onApplied(entry: LogEntry, elapsedMs: number): void;
  /** Entries that were acknowledged cannot be read back. */
  onCorrupt(reason: string): void;
  /** An entry needs a newer version of this program. */
  onUnsupported(reason: string): void;
}

/** What the state was after an entry, to be compared with what it was on other nodes. */
export interface Checkpoint {
  readonly index: number;
  readonly digest: string;
}

/** Applying gives way to other work after this long. */
const SLICE_MS = 10;
const ENTRIES_AT_ONCE = 256;
/** Checkpoints that are remembered: some seconds of the busiest log, until they are asked for. */
export const KEPT_CHECKPOINTS = 16;

interface Waiter<Result> {
  readonly term: number;
  readonly done: (outcome: ProposalResult<Result>) => void;
}

/**
 * Brings the state machine after the commit index, in slices, and answers who waits: proposals with their result, reads
 * when the state holds what they must see.
 */
export class Applier<Result> {
  readonly #deps: ApplierDeps<Result>;
  #applied: LogPosition;
  /** Committed, and on disk. */
  #target: number;
  #isTurnDue = false;
  #isLoading = false;
  #isPaused = false;
  #hasStopped = false;
  /** Changes when the state is replaced: entries that were asked for before mean nothing then. */
  #generation = 0;
  readonly #waiters = new Map<number, Waiter<Result>>();
  /** Oldest first. */
  #checkpoints: readonly Checkpoint[] = [];
  #reads: { readonly index: number; readonly done: () => void }[] = [];

  constructor(deps: ApplierDeps<Result>, applied: LogPosition) {
    this.#deps = deps;
    this.#applied = applied;
    this.#target = applied.index;
  }

  get applied(): LogPosition {
    return this.#applied;
  }

  /** The newest ones of the state that is there now, oldest first. */
  get checkpoints(): readonly Checkpoint[] {
    return this.#checkpoints;
  }

  /** Entries up to `index` may be applied. */
  advanceTo(index: number): void {
    this.#target = Math.max(this.#target, index);
    this.#apply();
  }

  /** `done` is called when the entry at `index` is applied. */
  awaitEntry(index: number, waiter: Waiter<Result>): void {
    this.#waiters.get(index)?.done({ type: "unknown", reason: "another entry took its place" });
    this.#waiters.set(index, waiter);
  }

  /** `done` is called when everything up to `index` is applied. */
  awaitIndex(index: number, done: () => void): void {
    if (index <= this.#applied.index) done();
    else this.#reads.push({ index, done });
  }

  /** Nobody can tell any more what becomes of proposals that are not applied yet. */
  failWaiters(reason: string): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const { done } of waiters) done({ type: "unknown", reason });
  }

  /** A snapshot is about to replace the state. */
  pause(): void {
    this.#isPaused = true;
    this.#generation++;
  }

  /** The state is that of a snapshot now. */
  resumeAt(position: LogPosition): void {
    this.#applied = position;
    // They were of the state that is gone.
    this.#checkpoints = [];
    this.#target = Math.max(this.#target, position.index);
    this.#isPaused = false;
    this.#isLoading = false;
    this.#answerReads();
    this.#apply();
  }

  stop(): void {
    this.#hasStopped = true;
  }

  #apply(): void {
    if (this.#isTurnDue || this.#isLoading || this.#isPaused || this.#hasStopped) return;
    const startMs = this.#deps.nowMs();
    while (this.#applied.index < this.#target) {
      const from = this.#applied.index + 1;
      const to = Math.min(this.#target, from + ENTRIES_AT_ONCE - 1) + 1;
      const entries = this.#deps.cachedEntries(from, to);
      if (!entries) {
        this.#load(from, to);
        return;
      }
      if (!this.#applyAll(entries)) return;
      if (this.#deps.nowMs() - startMs >= SLICE_MS) {
        this.#takeTurn();
        return;
      }
    }
  }

  #load(from: number, to: number): void {
    const generation = this.#generation;
    this.#isLoading = true;
    this.#deps.loadEntries(from, to, (entries) => {
      if (generation !== this.#generation || this.#hasStopped) return;
      this.#isLoading = false;
      if (!entries) {
        this.#stopCorrupt(from);
        return;
      }
      if (this.#applyAll(entries)) this.#apply();
    });
  }

  #takeTurn(): void {
    this.#isTurnDue = true;
    this.#deps.defer(() => {
      this.#isTurnDue = false;
      this.#apply();
    });
  }

  /** @returns false when it must not go on. */
  #applyAll(entries: readonly LogEntry[]): boolean {
    for (const entry of entries) {
      if (!this.#applyOne(entry)) return false;
    }
    return true;
  }

  #applyOne(entry: LogEntry): boolean {
    // What comes from disk is not trusted, and entries of memory cost nothing to compare.
    if (!follows(entry, this.#applied)) {
      this.#stopCorrupt(entry.index);
      return false;
    }
    const waiter = this.#waiters.get(entry.index);
    this.#waiters.delete(entry.index);
    if (entry.type === "command") {
      const startMs = this.#deps.nowMs();
      const outcome = this.#deps.stateMachine.apply(entry.payload);
      if (outcome.type === "unsupported") {
        waiter?.done({ type: "unknown", reason: outcome.reason });
        this.#hasStopped = true;
        this.#deps.events.onUnsupported(outcome.reason);
        return false;
      }
      this.#advance(entry);
      this.#deps.events.onApplied(entry, this.#deps.nowMs() - startMs);
      if (waiter?.term === entry.term) waiter.done({ type: "applied", result: outcome.result });
      else waiter?.done({ type: "unknown", reason: "another entry took its place" });
    } else {
      this.#advance(entry);
      waiter?.done({ type: "unknown", reason: "another entry took its place" });
    }
    this.#answerReads();
    return !this.#isPaused && !this.#hasStopped;
  }

  /** The state is that after `entry`. */
  #advance({ index, term, chain }: LogEntry): void {
    this.#applied = { index, term, chain };
    if (index % this.#deps.checkpointEntries !== 0) return;
    const checkpoint = { index, digest: this.#deps.stateMachine.digest() };
    this.#checkpoints = [...this.#checkpoints.slice(1 - KEPT_CHECKPOINTS), checkpoint];
  }

  #stopCorrupt(index: number): void {
    this.#hasStopped = true;
    this.#deps.events.onCorrupt(`an acknowledged entry cannot be read back: index=${index}`);
  }

  #answerReads(): void {
    if (this.#reads.length === 0) return;
    const { index } = this.#applied;
    const due = this.#reads.filter((read) => read.index <= index);
    if (due.length === 0) return;
    this.#reads = this.#reads.filter((read) => read.index > index);
    for (const { done } of due) done();
  }
}
