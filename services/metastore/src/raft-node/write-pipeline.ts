import type { LogEntry, LogPosition, NodeId, ReadyWrite, SnapshotMeta } from "@hearth/raft";

import type { LogChange } from "../replicated-log/log-store.ts";
import type { HardFacts, NodeDisk } from "./node-ports.ts";

/** What of the disk the pipeline needs to know when it begins. */
export interface DiskFacts extends HardFacts {
  /** Entries `[firstIndex, lastIndex]` are in the log. */
  readonly firstIndex: number;
  readonly lastIndex: number;
}

export interface PipelineEvents {
  /** All writes up to `seq` are on disk. */
  onPersisted(seq: number): void;
  /** A write failed: whatever it was, nothing may be acknowledged any more. */
  onFailed(what: string, error: unknown): void;
  /** A batch came back: for the metrics. */
  onWritten(entries: readonly LogEntry[], startMs: number): void;
}

interface Batch {
  seq: number;
  hard: { term: number; vote: NodeId | undefined } | undefined;
  snapshot: SnapshotMeta | undefined;
  truncateAfter: LogPosition | undefined;
  entries: LogEntry[];
  startMs: number;
}

/**
 * Brings the writes of a node to its disk, in the order that recovery relies on:
 *
 * 1. if entries go that the witness stands for, the witness is lowered;
 * 2. the log: truncation and new entries, one atomic batch;
 * 3. the witness, with term and vote;
 * 4. only now the batch is persisted.
 *
 * While a batch is under way, what comes gathers in the next one (group commit, without a timer). The witness of a batch is
 * written while the log takes the next. A snapshot that replaces the log moves the witness to itself first: it is on disk
 * and checked, so from then on a start can begin from it, whatever of the log is still there.
 */
export class WritePipeline {
  readonly #disk: Pick<NodeDisk, "writeLog" | "writeHardState" | "restoreSnapshot">;
  readonly #events: PipelineEvents;
  readonly #nowMs: () => number;
  #term: number;
  #vote: NodeId | undefined;
  #witness: HardFacts["witness"];
  #firstIndex: number;
  #lastIndex: number;
  /** Gathers. */
  #pending: Batch | undefined;
  /** Goes to the log. */
  #current: Batch | undefined;
  /** Its witness is being written. */
  #witnessed: Batch | undefined;
  #isHardBusy = false;
  /** `#current` has its log on disk and waits for the hard state. */
  #isLogDone = false;
  #hasFailed = false;

  constructor(
    deps: {
      disk: Pick<NodeDisk, "writeLog" | "writeHardState" | "restoreSnapshot">;
      events: PipelineEvents;
      nowMs: () => number;
    },
    from: DiskFacts,
  ) {
    this.#disk = deps.disk;
    this.#events = deps.events;
    this.#nowMs = deps.nowMs;
    this.#term = from.term;
    this.#vote = from.vote;
    this.#witness = from.witness;
    this.#firstIndex = from.firstIndex;
    this.#lastIndex = from.lastIndex;
  }

  get isIdle(): boolean {
    return this.#oldest === undefined;
  }

  /** When the oldest write that did not come back began, by the clock of `nowMs`; undefined when there is none. */
  get oldestStartMs(): number | undefined {
    return this.#oldest?.startMs;
  }

  get #oldest(): Batch | undefined {
    return this.#witnessed ?? this.#current ?? this.#pending;
  }

  /** The write of Ready `seq`; undefined when it has none, but has its turn all the same. */
  add(seq: number, write: ReadyWrite | undefined): void {
    if (this.#hasFailed) return;
    if (!write && this.isIdle) {
      this.#events.onPersisted(seq);
      return;
    }
    this.#pending ??= {
      seq,
      hard: undefined,
      snapshot: undefined,
      truncateAfter: undefined,
      entries: [],
      startMs: this.#nowMs(),
    };
    this.#pending.seq = seq;
    if (write) merge(this.#pending, write);
    this.#pump();
  }

  /** The log on disk begins at `index` now. */
  noteCompacted(firstIndex: number): void {
    this.#firstIndex = Math.max(this.#firstIndex, firstIndex);
  }

  #pump(): void {
    if (this.#current === undefined && this.#pending) {
      this.#current = this.#pending;
      this.#pending = undefined;
      this.#isLogDone = false;
      this.#begin(this.#current);
    } else if (this.#current && this.#isLogDone && !this.#isHardBusy) {
      this.#finish(this.#current);
    }
  }

  /** Lowers the witness if needed, then writes the log. */
  #begin(batch: Batch): void {
    const { snapshot, truncateAfter } = batch;
    const witness = snapshot?.position ?? truncateAfter;
    if (!witness || (!snapshot && witness.index >= this.#witness.index)) {
      this.#writeLog(batch);
      return;
    }
    if (this.#isHardBusy) {
      // The witness of the batch before is under way: it must not come after this one.
      this.#whenHardIsFree = () => this.#begin(batch);
      return;
    }
    this.#writeHard(batch, witness, () => this.#writeLog(batch));
  }

  #whenHardIsFree: (() => void) | undefined;

  #writeLog(batch: Batch): void {
    const change = this.#changeOf(batch);
    if (!change) {
      this.#logDone(batch);
      return;
    }
    this.#disk.writeLog(change, (error) => {
      if (error !== undefined) return this.#fail("writing the log failed", error);
      this.#logDone(batch);
    });
  }

  #changeOf({ snapshot, truncateAfter, entries }: Batch): LogChange | undefined {
    const lastKept = snapshot
      ? this.#firstIndex - 1
      : Math.min(truncateAfter?.index ?? Infinity, this.#lastIndex);
    const remove = lastKept < this.#lastIndex ? { from: lastKept + 1, to: this.#lastIndex } : undefined;
    const start = snapshot?.position;
    if (!start && !remove && entries.length === 0) return undefined;
    this.#lastIndex = entries.at(-1)?.index ?? start?.index ?? lastKept;
    if (start) this.#firstIndex = start.index + 1;
    return { start, remove, entries };
  }

  #logDone(batch: Batch): void {
    if (!batch.snapshot) {
      this.#isLogDone = true;
      this.#pump();
      return;
    }
    this.#disk.restoreSnapshot(batch.snapshot.position.index, (error) => {
      if (error !== undefined) return this.#fail("restoring a snapshot failed", error);
      this.#isLogDone = true;
      this.#pump();
    });
  }

  /** Writes witness, term and vote; the log is free for the next batch meanwhile. */
  #finish(batch: Batch): void {
    this.#current = undefined;
    const last = batch.entries.at(-1);
    if (!last && !this.#isHardNews(batch)) {
      this.#events.onPersisted(batch.seq);
      this.#pump();
      return;
    }
    this.#witnessed = batch;
    this.#writeHard(batch, last ?? this.#witness, () => {
      this.#witnessed = undefined;
      this.#events.onWritten(batch.entries, batch.startMs);
      this.#events.onPersisted(batch.seq);
    });
    this.#pump();
  }

  #isHardNews({ hard }: Batch): boolean {
    return hard !== undefined && (hard.term !== this.#term || hard.vote !== this.#vote);
  }

  #writeHard(batch: Batch, witness: HardFacts["witness"], then: () => void): void {
    this.#isHardBusy = true;
    if (batch.hard) {
      this.#term = batch.hard.term;
      this.#vote = batch.hard.vote;
    }
    this.#witness = { index: witness.index, chain: witness.chain };
    const facts = { term: this.#term, vote: this.#vote, witness: this.#witness };
    this.#disk.writeHardState(facts, (error) => {
      if (error !== undefined) return this.#fail("writing the hard state failed", error);
      this.#isHardBusy = false;
      const waiting = this.#whenHardIsFree;
      this.#whenHardIsFree = undefined;
      then();
      waiting?.();
      this.#pump();
    });
  }

  #fail(what: string, error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#events.onFailed(what, error);
  }
}

/** A later write of the same batch: what it cuts off was never written, unless it reaches below the batch. */
function merge(batch: Batch, write: ReadyWrite): void {
  batch.hard = write.hard ?? batch.hard;
  if (write.snapshot) {
    batch.snapshot = write.snapshot;
    batch.truncateAfter = undefined;
    batch.entries = [];
  }
  const { truncateAfter } = write;
  if (truncateAfter) {
    while (batch.entries.length > 0 && batch.entries.at(-1)!.index > truncateAfter.index) batch.entries.pop();
    const isBelow = batch.entries.length === 0 && !isWithinSnapshot(batch, truncateAfter);
    if (isBelow && truncateAfter.index < (batch.truncateAfter?.index ?? Infinity)) {
      batch.truncateAfter = truncateAfter;
    }
  }
  batch.entries.push(...write.entries);
}

/** Nothing of the disk's log outlives the snapshot of the batch. */
function isWithinSnapshot(batch: Batch, place: LogPosition): boolean {
  return batch.snapshot !== undefined && place.index >= batch.snapshot.position.index;
}
