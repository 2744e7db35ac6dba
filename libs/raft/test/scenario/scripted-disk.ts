import { invariant } from "@hearth/errors";

import type { LogEntry, LogPosition, Membership, NodeId, RaftStart, ReadyWrite } from "../../src/index.ts";

/** What is durable. */
export interface Stored {
  term: number;
  vote: NodeId | undefined;
  /** Of the newest snapshot; the log begins after it. */
  start: LogPosition;
  membership: Membership;
  entries: LogEntry[];
}

/** A disk whose writes stay under way until the scenario says that they are done. */
export class ScriptedDisk {
  readonly #stored: Stored;
  #waiting: { readonly seq: number; readonly write: ReadyWrite }[] = [];

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  get stored(): Readonly<Stored> {
    return this.#stored;
  }

  /** Of writes that are under way. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Of the oldest write that is under way; undefined when there is none. */
  get oldestSeq(): number | undefined {
    return this.#waiting[0]?.seq;
  }

  add(seq: number, write: ReadyWrite): void {
    this.#waiting.push({ seq, write });
  }

  /** The oldest `count` writes become durable. */
  sync(count: number): void {
    for (const { write } of this.#waiting.splice(0, count)) this.#apply(write);
  }

  /** The process ends: writes that are under way are lost but for the oldest `keepCount`. */
  crash(keepCount: number): void {
    this.sync(keepCount);
    this.#waiting = [];
  }

  /** The disk breaks its promise: the last entries are gone. */
  lose(count: number): void {
    this.#stored.entries.splice(-count);
  }

  /** The durable entries `[from, to)`; undefined when one of them is compacted or not durable. */
  load(from: number, to: number): LogEntry[] | undefined {
    const { start, entries } = this.#stored;
    const loaded = entries.slice(Math.max(0, from - start.index - 1), to - start.index - 1);
    return from > start.index && loaded.length === to - from ? loaded : undefined;
  }

  /** A snapshot that ends at `start` takes the place of the log up to there. */
  compact(start: LogPosition, membership: Membership): void {
    const stored = this.#stored;
    stored.entries = stored.entries.slice(start.index - stored.start.index);
    stored.start = start;
    stored.membership = membership;
  }

  /** The state machine begins again from the snapshot. */
  raftStart(): RaftStart {
    const { term, vote, start, membership, entries } = this.#stored;
    return { term, vote, start, membership, entries: [...entries], applied: start.index };
  }

  #apply({ hard, snapshot, truncateAfter, entries }: ReadyWrite): void {
    const stored = this.#stored;
    if (hard) Object.assign(stored, hard);
    if (snapshot) {
      Object.assign(stored, { start: snapshot.position, membership: snapshot.membership, entries: [] });
    }
    if (truncateAfter) {
      const keptCount = truncateAfter.index - stored.start.index;
      invariant(keptCount >= 0, `the disk cuts its snapshot: after=${truncateAfter.index}`);
      stored.entries = stored.entries.slice(0, keptCount);
    }
    for (const entry of entries) {
      const expected = stored.start.index + stored.entries.length + 1;
      invariant(entry.index === expected, `a gap on disk: expected=${expected} index=${entry.index}`);
      stored.entries.push(entry);
    }
  }
}
