import { type Memory } from "@hearth/arena";
import { finish, grown, mix, SlotTable } from "@hearth/symbols";
import type { RowColumns } from "./profile-columns.ts";

/** Words of 4 bytes in a profile id. */
const ID_WORDS = 4;

/** The distinct rows of a merge, in the order in which they came: who they are, and where they come from. */
export class KeptRows {
  readonly #memory: Memory;
  readonly #identities: SlotTable;
  #source: Uint32Array;
  #row: Uint32Array;
  #series: Uint32Array;
  #timeMs: Float64Array;
  #timeRestNanos: Uint32Array;
  /** Of profile ids, most significant byte first, so that words compare as the bytes do. */
  #idWords: Uint32Array;

  /** @param memory - where the rows lie. */
  constructor(memory: Memory) {
    this.#memory = memory;
    this.#identities = new SlotTable(16, memory);
    this.#source = memory.uint32(16);
    this.#row = memory.uint32(16);
    this.#series = memory.uint32(16);
    this.#timeMs = memory.float64(16);
    this.#timeRestNanos = memory.uint32(16);
    this.#idWords = memory.uint32(16 * ID_WORDS);
  }

  get count(): number {
    return this.#identities.count;
  }

  /** For each row the number of its source. */
  get source(): Uint32Array {
    return this.#source;
  }

  /** For each row its number there. */
  get row(): Uint32Array {
    return this.#row;
  }

  /** For each row its series, numbered by the caller. */
  get series(): Uint32Array {
    return this.#series;
  }

  /**
   * Keeps a row, unless one of the same series, time and profile id is there.
   *
   * @param at - number of the source, of the row there, and of its series here.
   * @returns whether it was new.
   */
  add(rows: RowColumns, at: { source: number; row: number; series: number }): boolean {
    const timeMs = rows.timeMs[at.row]!;
    const rest = rows.timeRestNanos[at.row]!;
    const id = rows.profileId;
    const word0 = wordAt(id, at.row * 16);
    const word1 = wordAt(id, at.row * 16 + 4);
    const word2 = wordAt(id, at.row * 16 + 8);
    const word3 = wordAt(id, at.row * 16 + 12);
    const hash = finish(mix(mix(mix(at.series, timeMs | 0), rest), word0));
    for (let found = this.#identities.firstWith(hash); found >= 0; found = this.#identities.nextWith(hash)) {
      const words = this.#idWords;
      const isRepeat =
        this.#series[found] === at.series &&
        this.#timeMs[found] === timeMs &&
        this.#timeRestNanos[found] === rest &&
        words[found * ID_WORDS] === word0 &&
        words[found * ID_WORDS + 1] === word1 &&
        words[found * ID_WORDS + 2] === word2 &&
        words[found * ID_WORDS + 3] === word3;
      if (isRepeat) return false;
    }
    const index = this.#identities.add(hash);
    this.#grow(index + 1);
    this.#source[index] = at.source;
    this.#row[index] = at.row;
    this.#series[index] = at.series;
    this.#timeMs[index] = timeMs;
    this.#timeRestNanos[index] = rest;
    this.#idWords[index * ID_WORDS] = word0;
    this.#idWords[index * ID_WORDS + 1] = word1;
    this.#idWords[index * ID_WORDS + 2] = word2;
    this.#idWords[index * ID_WORDS + 3] = word3;
    return true;
  }

  /**
   * @param rank - for each series its place among them.
   * @returns all rows, sorted by (rank of the series, time, profile id).
   */
  order(rank: Uint32Array): Uint32Array {
    const { order, starts } = this.#groupBySeries(rank);
    for (let place = 0; place < rank.length; place++)
      this.#sortByTime(order.subarray(starts[place], starts[place + 1]));
    return order;
  }

  #groupBySeries(rank: Uint32Array): { order: Uint32Array; starts: Uint32Array } {
    const starts = this.#memory.uint32(rank.length + 1);
    for (let i = 0; i < this.count; i++) starts[rank[this.#series[i]!]! + 1]!++;
    for (let place = 0; place < rank.length; place++) starts[place + 1]! += starts[place]!;
    const next = this.#memory.uint32(rank.length + 1);
    next.set(starts);
    const order = this.#memory.uint32(this.count);
    for (let i = 0; i < this.count; i++) order[next[rank[this.#series[i]!]!]!++] = i;
    return { order, starts };
  }

  /** Sorts by time as numbers, which needs no function; rows of one millisecond are compared one by one. */
  #sortByTime(group: Uint32Array): void {
    const compare = (a: number, b: number): number => this.#compare(a, b);
    if (isSorted(group, compare)) return;
    const keys = this.#packTimes(group);
    if (!keys) {
      group.sort(compare);
      return;
    }
    const before = this.#memory.uint32(group.length);
    before.set(group);
    keys.sort();
    for (let i = 0; i < keys.length; i++) group[i] = before[keys[i]! % group.length]!;
    for (let start = 0, end = 1; end <= group.length; end++) {
      if (end < group.length && this.#timeMs[group[end]!] === this.#timeMs[group[start]!]) continue;
      if (end - start > 1) group.subarray(start, end).sort(compare);
      start = end;
    }
  }

  /** Times, each with its place in `group` in the lower digits; nothing when that does not fit a double. */
  #packTimes(group: Uint32Array): Float64Array | undefined {
    let min = Infinity;
    let max = -Infinity;
    for (let i = 0; i < group.length; i++) {
      const time = this.#timeMs[group[i]!]!;
      if (!Number.isSafeInteger(time)) return undefined;
      min = Math.min(min, time);
      max = Math.max(max, time);
    }
    if (!Number.isSafeInteger((max - min + 1) * group.length)) return undefined;
    const keys = this.#memory.float64(group.length);
    for (let i = 0; i < group.length; i++) keys[i] = (this.#timeMs[group[i]!]! - min) * group.length + i;
    return keys;
  }

  /** Of two rows of one series: by time, then profile id. */
  #compare(a: number, b: number): number {
    const order = this.#timeMs[a]! - this.#timeMs[b]! || this.#timeRestNanos[a]! - this.#timeRestNanos[b]!;
    if (order !== 0) return order;
    for (let i = 0; i < ID_WORDS; i++) {
      const difference = this.#idWords[a * ID_WORDS + i]! - this.#idWords[b * ID_WORDS + i]!;
      if (difference !== 0) return difference;
    }
    return 0;
  }

  #grow(count: number): void {
    if (count <= this.#row.length) return;
    this.#source = grown(this.#source, count, this.#memory);
    this.#row = grown(this.#row, count, this.#memory);
    this.#series = grown(this.#series, count, this.#memory);
    this.#timeMs = grown(this.#timeMs, count, this.#memory);
    this.#timeRestNanos = grown(this.#timeRestNanos, count, this.#memory);
    this.#idWords = grown(this.#idWords, count * ID_WORDS, this.#memory);
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function isSorted(group: Uint32Array, compare: (a: number, b: number) => number): boolean {
  for (let i = 1; i < group.length; i++) if (compare(group[i - 1]!, group[i]!) > 0) return false;
  return true;
}
