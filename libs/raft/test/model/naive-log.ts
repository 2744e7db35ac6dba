import type { LogEntry, LogPosition } from "../../src/index.ts";

interface Kept {
  readonly entry: LogEntry;
  /** Of the write that carries it; undefined before there is one. */
  seq: number | undefined;
}

/** The log as a plain list, in which everything is looked up by going through it. */
export class NaiveLog {
  start: LogPosition;
  #kept: Kept[] = [];
  #persistedSeq = 0;

  constructor(start: LogPosition) {
    this.start = start;
  }

  get entries(): LogEntry[] {
    return this.#kept.map(({ entry }) => entry);
  }

  get lastIndex(): number {
    return this.start.index + this.#kept.length;
  }

  /** Every entry up to here was handed out, as it is now, in a write that came back. */
  get stableIndex(): number {
    const open = this.#kept.findIndex(({ seq }) => seq === undefined || seq > this.#persistedSeq);
    return open < 0 ? this.lastIndex : this.start.index + open;
  }

  position(index: number): LogPosition | undefined {
    if (index === this.start.index) return this.start;
    const kept = this.#kept.find(({ entry }) => entry.index === index);
    return kept && { index, term: kept.entry.term, chain: kept.entry.chain };
  }

  lastAtMost(term: number, from: number): number {
    for (let index = Math.min(from, this.lastIndex); index >= this.start.index; index--) {
      if ((this.position(index)?.term ?? 0) <= term) return index;
    }
    return this.start.index - 1;
  }

  append(entry: LogEntry): void {
    this.#kept.push({ entry, seq: undefined });
  }

  truncateFrom(index: number): void {
    this.#kept = this.#kept.filter(({ entry }) => entry.index < index);
  }

  handOut(seq: number): LogEntry[] {
    const unwritten = this.#kept.filter((kept) => kept.seq === undefined);
    for (const kept of unwritten) kept.seq = seq;
    return unwritten.map(({ entry }) => entry);
  }

  persisted(seq: number): void {
    this.#persistedSeq = Math.max(this.#persistedSeq, seq);
  }

  compactTo(index: number): void {
    this.start = this.position(index) ?? this.start;
    this.#kept = this.#kept.filter(({ entry }) => entry.index > index);
  }

  reset(start: LogPosition): void {
    this.start = start;
    this.#kept = [];
  }
}
