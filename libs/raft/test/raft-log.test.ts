import { describe, expect, it } from "@jest/globals";

import type { LogEntry, LogPosition } from "../src/index.ts";
import { RaftLog } from "../src/raft-log.ts";
import { NaiveLog } from "./model/naive-log.ts";
import { wrongSeeds, type Chance } from "./model/seeded.ts";
import { chainOf } from "./scenario/chain-of.ts";

const CACHE = { entryCount: 4, sizeBytes: 10_000 };

/** The log under test, the one that is compared, and a disk that gets what the first hands out. */
class Pair {
  readonly log: RaftLog;
  readonly naive: NaiveLog;
  disk: LogEntry[] = [];
  seq = 0;
  persistedSeq = 0;
  /** Nothing up to here is ever cut off. */
  floor: number;

  constructor(start: LogPosition) {
    this.log = new RaftLog(start, CACHE);
    this.naive = new NaiveLog(start);
    this.floor = start.index;
  }

  append(term: number): void {
    const entry = entryAfter(this.log.last, Math.max(term, this.log.last.term));
    this.log.append(entry);
    this.naive.append(entry);
  }

  truncateFrom(index: number): void {
    this.log.truncateFrom(index);
    this.naive.truncateFrom(index);
  }

  /** @returns whether the same is handed out, and a disk that follows has the whole log. */
  handOut(): boolean {
    const { truncateAfter, entries } = this.log.handOut(++this.seq);
    const wanted = this.naive.handOut(this.seq);
    if (truncateAfter) this.disk = this.disk.filter(({ index }) => index <= truncateAfter.index);
    this.disk.push(...entries);
    return isSameList(entries, wanted) && isSameList(this.disk, this.naive.entries) && !this.log.hasUnwritten;
  }

  persisted(seq: number): void {
    this.persistedSeq = Math.max(this.persistedSeq, seq);
    this.log.persisted(seq);
    this.naive.persisted(seq);
  }

  compactTo(index: number): void {
    this.floor = Math.max(this.floor, index);
    this.log.compactTo(index);
    this.naive.compactTo(index);
    this.disk = this.disk.filter((entry) => entry.index > index);
  }

  reset(start: LogPosition): void {
    this.floor = start.index;
    this.log.reset(start);
    this.naive.reset(start);
    this.disk = [];
  }
}

describe("the log of the core", () => {
  it("is what a plain list is, whatever is done to it", () => {
    expect(
      wrongSeeds(2_000, (chance) => {
        const pair = new Pair({ index: chance.between(0, 3), term: 1, chain: 9 });
        for (let step = 0; step < 40; step++) {
          if (!change(chance, pair) || !isSame(chance, pair)) return false;
        }
        return true;
      }),
    ).toEqual([]);
  });

  it("keeps the newest entries in memory, and never drops what is not on disk", () => {
    const pair = new Pair({ index: 1, term: 1, chain: 9 });
    for (let count = 0; count < 20; count++) pair.append(1);
    expect(pair.log.entries(2, 22)).toHaveLength(20);
    pair.handOut();
    pair.append(1);
    pair.persisted(1);
    // Entry 22 is not on disk; of the others as many stay as the limit has room for.
    expect(pair.log.entries(20, 23)).toHaveLength(3);
    expect(pair.log.entries(19, 23)).toBeUndefined();
  });

  it("keeps no more bytes in memory than its limit", () => {
    const log = new RaftLog({ index: 0, term: 0, chain: 0 }, { entryCount: 1_000, sizeBytes: 1_000 });
    for (let count = 0; count < 10; count++) log.append(entryAfter(log.last, 1, 300));
    log.handOut(1);
    log.persisted(1);
    expect(log.entries(9, 11)).toHaveLength(2);
    expect(log.entries(8, 11)).toBeUndefined();
  });

  it("of a restart is on disk", () => {
    const log = new RaftLog({ index: 0, term: 0, chain: 0 }, CACHE);
    for (let count = 0; count < 10; count++) log.restoreStable(entryAfter(log.last, 1));
    expect([log.stableIndex, log.hasUnwritten]).toEqual([10, false]);
    expect(log.entries(9, 11)).toHaveLength(2);
    expect(log.entries(1, 11)).toBeUndefined();
  });

  it("is not cut before its start, and has no gap", () => {
    const log = new RaftLog({ index: 3, term: 1, chain: 0 }, CACHE);
    expect(() => log.truncateFrom(3)).toThrow("before its start");
    expect(() => log.append({ ...entryAfter(log.last, 1), index: 5 })).toThrow("gap");
  });

  it.each([
    { name: "the same", index: 3, term: 2, want: true },
    { name: "longer", index: 9, term: 2, want: true },
    { name: "shorter", index: 2, term: 2, want: false },
    { name: "shorter of a later term", index: 1, term: 3, want: true },
    { name: "longer of an earlier term", index: 9, term: 1, want: false },
  ])("tells which other has all that it may have committed: $name", ({ index, term, want }) => {
    const log = new RaftLog({ index: 2, term: 1, chain: 0 }, CACHE);
    log.append(entryAfter(log.last, 2));
    expect(log.isUpToDate(index, term)).toBe(want);
  });
});

/** @returns false when what is handed out is wrong. */
function change(chance: Chance, pair: Pair): boolean {
  const { log } = pair;
  const what = chance.next();
  if (what < 0.4) pair.append(chance.between(1, 9));
  else if (what < 0.55 && log.lastIndex > pair.floor) {
    pair.truncateFrom(chance.between(pair.floor + 1, log.lastIndex));
  } else if (what < 0.75) return pair.handOut();
  else if (what < 0.93 && pair.persistedSeq < pair.seq) {
    pair.persisted(chance.between(pair.persistedSeq + 1, pair.seq));
  } else if (what < 0.98) pair.compactTo(chance.between(log.start.index, log.stableIndex));
  else pair.reset({ index: log.lastIndex + chance.between(0, 3), term: log.last.term, chain: 7 });
  return true;
}

function isSame(chance: Chance, { log, naive, persistedSeq, seq }: Pair): boolean {
  if (log.lastIndex !== naive.lastIndex || !isSamePlace(log.start, naive.start)) return false;
  if (log.stableIndex !== naive.stableIndex) return false;
  for (let index = log.start.index - 1; index <= log.lastIndex + 1; index++) {
    if (!isSamePlace(log.position(index), naive.position(index))) return false;
  }
  const [term, place] = [chance.between(0, 10), chance.between(log.start.index, log.lastIndex + 2)];
  if (log.lastAtMost(term, place) !== naive.lastAtMost(term, place)) return false;
  const from = chance.between(log.start.index + 1, log.lastIndex + 1);
  const cached = log.entries(from, log.lastIndex + 1);
  const wanted = naive.entries.filter(({ index }) => index >= from);
  // What is not on disk must be there; more than the limit must not, when all is on disk.
  const mayLack = from <= log.stableIndex;
  const mustLack =
    seq === persistedSeq && log.stableIndex === log.lastIndex && wanted.length > CACHE.entryCount;
  return cached === undefined ? mayLack : !mustLack && isSameList(cached, wanted);
}

function entryAfter(before: LogPosition, term: number, sizeBytes = 1): LogEntry {
  const payload = new Uint8Array(sizeBytes);
  const entry = { index: before.index + 1, term, type: "command", payload } as const;
  return { ...entry, chain: chainOf(before.chain, entry) };
}

function isSamePlace(a: LogPosition | undefined, b: LogPosition | undefined): boolean {
  return a?.index === b?.index && a?.term === b?.term && a?.chain === b?.chain;
}

/** The very entries, not only equal ones. */
function isSameList(a: readonly LogEntry[], b: readonly LogEntry[]): boolean {
  return a.length === b.length && a.every((entry, at) => entry === b[at]);
}
