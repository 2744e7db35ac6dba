import { invariant } from "@hearth/errors";

import { entrySizeBytes, type LogEntry, type LogPosition } from "./entry.ts";
import { TermTable } from "./term-table.ts";

export interface CacheLimits {
  readonly entryCount: number;
  readonly sizeBytes: number;
}

/** Entries `[firstIndex, lastIndex]` that one Ready handed out to be written. */
interface Handed {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly seq: number;
}

/**
 * The log as the core sees it: term and chain of every entry, the payloads of the newest, and what of it is known to be on
 * disk. `start.index <= stableIndex <= handedIndex <= lastIndex`.
 *
 * An index is stable only when the entry that is there *now* was handed out to be written, and that write came back. An entry
 * that replaced another at the same index while the first was being written is not stable by the first one's write.
 */
export class RaftLog {
  readonly #limits: CacheLimits;
  #terms: TermTable;
  /** Chain values from `start.index` on. */
  #chains: Uint32Array;
  /** The newest entries; the last is `lastIndex`. Never without those that are not stable. */
  #cache: LogEntry[] = [];
  #cacheBytes = 0;
  #stableIndex: number;
  #handedIndex: number;
  #handed: Handed[] = [];
  /** The disk has entries after this place that are no more; undefined when it has none. */
  #truncateAfter: LogPosition | undefined;

  constructor(start: LogPosition, limits: CacheLimits) {
    this.#limits = limits;
    this.#terms = new TermTable(start);
    this.#chains = Uint32Array.of(start.chain);
    this.#stableIndex = start.index;
    this.#handedIndex = start.index;
  }

  /** The place before the first entry. */
  get start(): LogPosition {
    return this.position(this.#terms.firstIndex)!;
  }

  get lastIndex(): number {
    return this.#terms.lastIndex;
  }

  get last(): LogPosition {
    return this.position(this.lastIndex)!;
  }

  /** On disk up to here. */
  get stableIndex(): number {
    return this.#stableIndex;
  }

  /** Undefined before the log begins and after its end. */
  term(index: number): number | undefined {
    return this.#terms.at(index);
  }

  position(index: number): LogPosition | undefined {
    const term = this.#terms.at(index);
    if (term === undefined) return undefined;
    return { index, term, chain: this.#chains[index - this.#terms.firstIndex]! };
  }

  /** See {@link TermTable.lastAtMost}. */
  lastAtMost(term: number, from: number): number {
    return this.#terms.lastAtMost(term, from);
  }

  /** Whether a log that ends at `index` and `term` has all that this one may have committed (Raft §5.4.1). */
  isUpToDate(index: number, term: number): boolean {
    const { last } = this;
    return term > last.term || (term === last.term && index >= last.index);
  }

  /** Takes entries from disk at start: they are stable. */
  restoreStable(entry: LogEntry): void {
    this.#push(entry);
    this.#stableIndex = entry.index;
    this.#handedIndex = entry.index;
    this.#trimCache();
  }

  append(entry: LogEntry): void {
    this.#push(entry);
  }

  /** Drops everything from `index` on, which is not committed. */
  truncateFrom(index: number): void {
    invariant(index > this.start.index, `the log is cut before its start: index=${index}`);
    while ((this.#cache.at(-1)?.index ?? 0) >= index) this.#cacheBytes -= entrySizeBytes(this.#cache.pop()!);
    this.#terms.truncateAfter(index - 1);
    if (this.#handedIndex >= index) {
      this.#truncateAfter = this.last;
      this.#handedIndex = index - 1;
    }
    this.#stableIndex = Math.min(this.#stableIndex, index - 1);
    while (this.#handed.length > 0 && this.#handed.at(-1)!.lastIndex >= index) {
      const { firstIndex, seq } = this.#handed.pop()!;
      if (firstIndex < index) this.#handed.push({ firstIndex, lastIndex: index - 1, seq });
    }
  }

  /** What must be written next; from then on it counts as handed out with `seq`. */
  handOut(seq: number): { truncateAfter: LogPosition | undefined; entries: LogEntry[] } {
    const truncateAfter = this.#truncateAfter;
    const entries = this.entries(this.#handedIndex + 1, this.lastIndex + 1) ?? [];
    invariant(
      entries.length === this.lastIndex - this.#handedIndex,
      "entries that are not on disk left memory",
    );
    if (entries.length > 0) {
      this.#handed.push({ firstIndex: this.#handedIndex + 1, lastIndex: this.lastIndex, seq });
    }
    this.#truncateAfter = undefined;
    this.#handedIndex = this.lastIndex;
    return { truncateAfter, entries };
  }

  get hasUnwritten(): boolean {
    return this.#truncateAfter !== undefined || this.#handedIndex < this.lastIndex;
  }

  /** All that was handed out up to `seq` is on disk. */
  persisted(seq: number): void {
    while (this.#handed.length > 0 && this.#handed[0]!.seq <= seq) {
      this.#stableIndex = this.#handed.shift()!.lastIndex;
    }
    this.#trimCache();
  }

  /** Entries `[from, to)`; undefined when one of them is not in memory. */
  entries(from: number, to: number): LogEntry[] | undefined {
    if (from >= to) return [];
    const first = this.#cache[0]?.index ?? Infinity;
    return from < first ? undefined : this.#cache.slice(from - first, to - first);
  }

  /** The log on disk now begins after `index`. */
  compactTo(index: number): void {
    if (index <= this.start.index) return;
    this.#chains = this.#chains.slice(index - this.start.index);
    this.#terms.compactTo(index);
  }

  /** A snapshot takes the place of everything. */
  reset(start: LogPosition): void {
    this.#terms = new TermTable(start);
    this.#chains = Uint32Array.of(start.chain);
    this.#cache = [];
    this.#cacheBytes = 0;
    this.#stableIndex = start.index;
    this.#handedIndex = start.index;
    this.#handed = [];
    this.#truncateAfter = undefined;
  }

  #push(entry: LogEntry): void {
    invariant(entry.index === this.lastIndex + 1, `an entry leaves a gap: index=${entry.index}`);
    this.#terms.push(entry.term);
    const at = entry.index - this.#terms.firstIndex;
    if (at >= this.#chains.length) {
      const grown = new Uint32Array(Math.max(64, this.#chains.length * 2));
      grown.set(this.#chains);
      this.#chains = grown;
    }
    this.#chains[at] = entry.chain;
    this.#cache.push(entry);
    this.#cacheBytes += entrySizeBytes(entry);
  }

  /** In steps of a quarter, so that one entry more does not move all others. */
  #trimCache(): void {
    const { entryCount, sizeBytes } = this.#limits;
    if (this.#cache.length <= entryCount && this.#cacheBytes <= sizeBytes) return;
    let count = 0;
    while (
      count < this.#cache.length &&
      this.#cache[count]!.index <= this.#stableIndex &&
      (this.#cache.length - count > entryCount * 0.75 || this.#cacheBytes > sizeBytes * 0.75)
    ) {
      this.#cacheBytes -= entrySizeBytes(this.#cache[count]!);
      count++;
    }
    this.#cache.splice(0, count);
  }
}
