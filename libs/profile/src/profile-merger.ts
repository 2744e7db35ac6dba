import { heap, type Memory } from "@hearth/arena";
import { invariant } from "@hearth/errors";
import { ExactSums, type ExactColumn } from "@hearth/exact-integers";
import { finish, mix, SlotTable, SymbolsBuilder, type Symbols } from "@hearth/symbols";
import type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
import { seriesKey } from "./series-key.ts";

/** A kept row: where it comes from. */
interface SourceRow {
  readonly source: Source;
  readonly row: number;
  readonly series: number;
}

interface Source {
  readonly columns: ProfileColumns;
  /** Numbers of its stack traces in the merged symbols. */
  readonly stacktraces: Uint32Array;
}

/**
 * Merges profiles of one service into one set of columns, rows sorted by (series, time, profile id), series by their
 * labels. A row with the series, time and profile id of another is the same profile again and is dropped. What a
 * segment is built with, and what compaction will merge blocks with: nothing is parsed, stack traces are renumbered
 * through a typed array.
 */
export class ProfileMerger {
  readonly #memory: Memory;
  readonly #symbols: SymbolsBuilder;
  readonly #series: Series[] = [];
  readonly #seriesIndexes = new Map<string, number>();
  readonly #rows: SourceRow[] = [];
  readonly #identities: SlotTable;
  /** Each kept row, by its id in `#identities`. */
  readonly #kept: { rows: RowColumns; row: number; series: number }[] = [];
  #droppedRows = 0;

  /** @param memory - where the merged columns lie. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.#symbols = new SymbolsBuilder(memory);
    this.#identities = new SlotTable(16, memory);
  }

  /** Rows that came again. */
  get droppedRows(): number {
    return this.#droppedRows;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  /** @param columns - checked, as `decodeProfileColumns` returns them; kept until {@link build}. */
  add(columns: ProfileColumns): void {
    const seriesMap = columns.series.map((series) => this.#internSeries(series));
    const kept: number[] = [];
    for (let row = 0; row < columns.rows.count; row++) {
      if (this.#isNew(columns.rows, row, seriesMap[columns.rows.series[row]!]!)) kept.push(row);
    }
    if (kept.length === 0) return;
    const source = {
      columns,
      stacktraces: this.#symbols.merge(columns.symbols, usedStacktraces(columns, kept)),
    };
    for (const row of kept) this.#rows.push({ source, row, series: seriesMap[columns.rows.series[row]!]! });
  }

  /** The merged columns, whose symbols are not copied: good until the next {@link add}. */
  build(): ProfileColumns {
    const { order, rank } = sortSeries(this.#series);
    const rows = this.#rows.toSorted((a, b) => rank[a.series]! - rank[b.series]! || compareTimes(a, b));
    return {
      series: order.map((index) => this.#series[index]!),
      ...copyRows(rows, rank, this.#memory),
      symbols: this.#symbols.view() satisfies Symbols,
    };
  }

  #internSeries(series: Series): number {
    const key = seriesKey(series.labels);
    const known = this.#seriesIndexes.get(key);
    if (known !== undefined) return known;
    this.#seriesIndexes.set(key, this.#series.length);
    return this.#series.push(series) - 1;
  }

  /** Whether no row before has the identity of this one; remembers it. The caller appends kept rows in this order. */
  #isNew(rows: RowColumns, row: number, series: number): boolean {
    const hash = identityHash(rows, row, series);
    const isRepeat =
      this.#identities.find(
        hash,
        (id) => this.#kept[id]!.series === series && sameProfile(this.#kept[id]!, rows, row),
      ) >= 0;
    if (isRepeat) {
      this.#droppedRows++;
      return false;
    }
    this.#identities.add(hash);
    this.#kept.push({ rows, row, series });
    return true;
  }
}

function identityHash(rows: RowColumns, row: number, series: number): number {
  const id = rows.profileId;
  const at = row * 16;
  const word = id[at]! | (id[at + 1]! << 8) | (id[at + 2]! << 16) | (id[at + 3]! << 24);
  return finish(mix(mix(mix(series, rows.timeMs[row]! | 0), rows.timeRestNanos[row]!), word));
}

function sameProfile(a: { rows: RowColumns; row: number }, rows: RowColumns, row: number): boolean {
  if (a.rows.timeMs[a.row] !== rows.timeMs[row] || a.rows.timeRestNanos[a.row] !== rows.timeRestNanos[row])
    return false;
  return compareProfileIds(a.rows, a.row, rows, row) === 0;
}

function compareProfileIds(a: RowColumns, aRow: number, b: RowColumns, bRow: number): number {
  for (let i = 0; i < 16; i++) {
    const difference = a.profileId[aRow * 16 + i]! - b.profileId[bRow * 16 + i]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareTimes(a: SourceRow, b: SourceRow): number {
  const left = a.source.columns.rows;
  const right = b.source.columns.rows;
  return (
    left.timeMs[a.row]! - right.timeMs[b.row]! ||
    left.timeRestNanos[a.row]! - right.timeRestNanos[b.row]! ||
    compareProfileIds(left, a.row, right, b.row)
  );
}

function usedStacktraces({ rows, samples }: ProfileColumns, kept: readonly number[]): Uint32Array {
  if (kept.length === rows.count) return samples.stacktrace;
  return Uint32Array.from(
    kept.flatMap((row) => [...samples.stacktrace.subarray(rows.firstSample[row], rows.firstSample[row + 1])]),
  );
}

/** @returns the indexes in the order of their labels, and for each index its place in it. */
function sortSeries(series: readonly Series[]): { order: number[]; rank: Uint32Array } {
  const keys = series.map(({ labels }) => seriesKey(labels));
  const order = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
  const rank = new Uint32Array(order.length);
  for (const [place, index] of order.entries()) rank[index] = place;
  return { order, rank };
}

function copyRows(
  rows: readonly SourceRow[],
  rank: Uint32Array,
  memory: Memory,
): { rows: RowColumns; samples: SampleColumns } {
  const count = rows.length;
  const firstSample = memory.uint32(count + 1);
  for (const [index, { source, row }] of rows.entries()) {
    const from = source.columns.rows.firstSample;
    firstSample[index + 1] = firstSample[index]! + from[row + 1]! - from[row]!;
  }
  const profileId = memory.uint8(count * 16);
  for (const [index, { source, row }] of rows.entries()) {
    profileId.set(source.columns.rows.profileId.subarray(row * 16, row * 16 + 16), index * 16);
  }
  const column = (pick: (columns: RowColumns) => Float64Array): Float64Array =>
    Float64Array.from(rows, ({ source, row }) => pick(source.columns.rows)[row]!);
  const total = new ExactSums(count, memory);
  for (const [index, { source, row }] of rows.entries())
    addExact(total, index, source.columns.rows.total, row);
  return {
    rows: {
      count,
      series: Uint32Array.from(rows, ({ series }) => rank[series]!),
      timeMs: column((from) => from.timeMs),
      timeRestNanos: Uint32Array.from(rows, ({ source, row }) => source.columns.rows.timeRestNanos[row]!),
      profileId,
      total,
      firstSample,
      period: column((from) => from.period),
      durationNanos: column((from) => from.durationNanos),
    },
    samples: copySamples(rows, firstSample, memory),
  };
}

/** Copies the samples of each row, renumbered and sorted by stack trace, which makes their column small. */
function copySamples(rows: readonly SourceRow[], firstSample: Uint32Array, memory: Memory): SampleColumns {
  const count = firstSample[rows.length]!;
  const stacktrace = memory.uint32(count);
  const value = new ExactSums(count, memory);
  const spanId = rows.some(({ source }) => source.columns.samples.spanId)
    ? memory.uint8(count * 8)
    : undefined;
  const traceId = rows.some(({ source }) => source.columns.samples.traceId)
    ? memory.uint8(count * 16)
    : undefined;
  for (const [index, { source, row }] of rows.entries()) {
    const { samples, rows: from } = source.columns;
    const first = from.firstSample[row]!;
    const order = sampleOrder(
      samples.stacktrace.subarray(first, from.firstSample[row + 1]),
      source.stacktraces,
      memory,
    );
    let to = firstSample[index]!;
    for (let i = 0; i < order.length; i++, to++) {
      const sample = first + order[i]!;
      stacktrace[to] = source.stacktraces[samples.stacktrace[sample]!]!;
      addExact(value, to, samples.value, sample);
      if (spanId && samples.spanId) spanId.set(samples.spanId.subarray(sample * 8, sample * 8 + 8), to * 8);
      if (traceId && samples.traceId)
        traceId.set(samples.traceId.subarray(sample * 16, sample * 16 + 16), to * 16);
    }
  }
  return { count, stacktrace, value, spanId, traceId };
}

/** 2^21: more samples than a row may have, and small enough that a stack trace beside a position fits a double. */
const POSITIONS = 2 ** 21;

/** Positions of the samples in the order of their renumbered stack traces. */
function sampleOrder(stacktrace: Uint32Array, renumber: Uint32Array, memory: Memory): Float64Array {
  invariant(stacktrace.length <= POSITIONS, "a row has more samples than can be sorted");
  const keys = memory.float64(stacktrace.length);
  let isSorted = true;
  let last = 0;
  for (let i = 0; i < keys.length; i++) {
    const number = renumber[stacktrace[i]!]!;
    isSorted &&= number >= last;
    last = number;
    keys[i] = number * POSITIONS + i;
  }
  if (!isSorted) keys.sort();
  for (let i = 0; i < keys.length; i++) keys[i]! %= POSITIONS;
  return keys;
}

function addExact(sums: ExactSums, index: number, from: ExactColumn, at: number): void {
  sums.add(index, from.low[at]!, from.high ? from.high[at]! : 0);
}
