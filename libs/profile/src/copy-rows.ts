import { type Memory } from "@hearth/arena";
import type { ExactColumn } from "@hearth/exact-integers";
import type { KeptRows } from "./kept-rows.ts";
import type { RowColumns, SampleColumns } from "./profile-columns.ts";
import { SampleOrder } from "./sample-order.ts";

/** Columns that rows of a merge come from. */
export interface RowSource {
  readonly rows: RowColumns;
  readonly samples: SampleColumns;
  /** Numbers of its stack traces in the merged symbols. */
  readonly stacktraces: Uint32Array;
}

/**
 * Copies rows with their samples out of many columns into one.
 *
 * @param order - of the kept rows.
 * @param rank - for each series its place.
 */
export function copyRows(
  sources: readonly RowSource[],
  kept: KeptRows,
  order: Uint32Array,
  { rank, memory }: { rank: Uint32Array; memory: Memory },
): { rows: RowColumns; samples: SampleColumns } {
  const count = order.length;
  const series = memory.uint32(count);
  const timeMs = memory.float64(count);
  const timeRestNanos = memory.uint32(count);
  const profileId = memory.uint8(count * 16);
  const total = new ExactCopy(count, memory);
  const firstSample = memory.uint32(count + 1);
  const period = memory.float64(count);
  const durationNanos = memory.float64(count);
  for (let to = 0; to < count; to++) {
    const index = order[to]!;
    const from = sources[kept.source[index]!]!.rows;
    const row = kept.row[index]!;
    series[to] = rank[kept.series[index]!]!;
    timeMs[to] = from.timeMs[row]!;
    timeRestNanos[to] = from.timeRestNanos[row]!;
    for (let i = 0; i < 16; i++) profileId[to * 16 + i] = from.profileId[row * 16 + i]!;
    total.copy(to, from.total, row);
    firstSample[to + 1] = firstSample[to]! + from.firstSample[row + 1]! - from.firstSample[row]!;
    period[to] = from.period[row]!;
    durationNanos[to] = from.durationNanos[row]!;
  }
  const samples = new SampleCopy(firstSample[count]!, sources, memory);
  for (let to = 0; to < count; to++) {
    const index = order[to]!;
    samples.copyRow(sources[kept.source[index]!]!, kept.row[index]!, firstSample[to]!);
  }
  return {
    rows: {
      count,
      series,
      timeMs,
      timeRestNanos,
      profileId,
      total: total.column(),
      firstSample,
      period,
      durationNanos,
    },
    samples: samples.columns(),
  };
}

/** Copies the samples of row after row, renumbered and sorted by stack trace, which makes their column small. */
class SampleCopy {
  readonly #count: number;
  readonly #stacktrace: Uint32Array;
  readonly #value: ExactCopy;
  readonly #spanId: Uint8Array | undefined;
  readonly #traceId: Uint8Array | undefined;
  readonly #order: SampleOrder;
  readonly #memory: Memory;
  /** Renumbered stack traces of a row. */
  #numbers: Uint32Array;

  constructor(count: number, sources: readonly RowSource[], memory: Memory) {
    this.#count = count;
    this.#memory = memory;
    this.#stacktrace = memory.uint32(count);
    this.#value = new ExactCopy(count, memory);
    this.#spanId = sources.some(({ samples }) => samples.spanId) ? memory.uint8(count * 8) : undefined;
    this.#traceId = sources.some(({ samples }) => samples.traceId) ? memory.uint8(count * 16) : undefined;
    this.#order = new SampleOrder(memory);
    this.#numbers = memory.uint32(0);
  }

  copyRow(source: RowSource, row: number, to: number): void {
    const first = source.rows.firstSample[row]!;
    const end = source.rows.firstSample[row + 1]!;
    if (this.#renumber(source, first, end)) this.#copyInOrder(source.samples, first, end, to);
    else this.#copySorted(source.samples, first, end, to);
  }

  columns(): SampleColumns {
    return {
      count: this.#count,
      stacktrace: this.#stacktrace,
      value: this.#value.column(),
      spanId: this.#spanId,
      traceId: this.#traceId,
    };
  }

  /** @returns whether the numbers ascend. */
  #renumber({ samples, stacktraces }: RowSource, first: number, end: number): boolean {
    if (this.#numbers.length < end - first) this.#numbers = this.#memory.uint32(2 * (end - first));
    const numbers = this.#numbers;
    let isSorted = true;
    let last = 0;
    for (let sample = first, i = 0; sample < end; sample++, i++) {
      const number = stacktraces[samples.stacktrace[sample]!]!;
      if (number < last) isSorted = false;
      last = number;
      numbers[i] = number;
    }
    return isSorted;
  }

  #copyInOrder(samples: SampleColumns, first: number, end: number, to: number): void {
    this.#stacktrace.set(this.#numbers.subarray(0, end - first), to);
    this.#value.copyRange(to, samples.value, first, end);
    if (samples.spanId) this.#spanId?.set(samples.spanId.subarray(first * 8, end * 8), to * 8);
    if (samples.traceId) this.#traceId?.set(samples.traceId.subarray(first * 16, end * 16), to * 16);
  }

  #copySorted(samples: SampleColumns, first: number, end: number, to: number): void {
    const numbers = this.#numbers.subarray(0, end - first);
    const order = this.#order.of(numbers);
    for (let i = 0; i < order.length; i++) {
      const position = order[i]!;
      this.#stacktrace[to + i] = numbers[position]!;
      this.#value.copy(to + i, samples.value, first + position);
    }
    if (samples.spanId) copyIds(samples.spanId, first, { to: this.#spanId!, at: to, order, width: 8 });
    if (samples.traceId) copyIds(samples.traceId, first, { to: this.#traceId!, at: to, order, width: 16 });
  }
}

function copyIds(
  from: Uint8Array,
  first: number,
  { to, at, order, width }: { to: Uint8Array; at: number; order: Uint32Array; width: number },
): void {
  for (let i = 0; i < order.length; i++) {
    const source = (first + order[i]!) * width;
    for (let byte = 0; byte < width; byte++) to[(at + i) * width + byte] = from[source + byte]!;
  }
}

/** A copy of exact integers; the high words are there when one is not zero. */
class ExactCopy {
  readonly #low: Float64Array;
  readonly #memory: Memory;
  #high: Float64Array | undefined;

  constructor(count: number, memory: Memory) {
    this.#memory = memory;
    this.#low = memory.float64(count);
  }

  copy(to: number, from: ExactColumn, at: number): void {
    this.#low[to] = from.low[at]!;
    if (from.high) this.#setHigh(to, from.high[at]!);
  }

  copyRange(to: number, from: ExactColumn, first: number, end: number): void {
    this.#low.set(from.low.subarray(first, end), to);
    if (!from.high) return;
    for (let at = first; at < end; at++) this.#setHigh(to + at - first, from.high[at]!);
  }

  column(): ExactColumn {
    return { low: this.#low, high: this.#high };
  }

  #setHigh(to: number, high: number): void {
    if (high === 0) return;
    this.#high ??= this.#memory.float64(this.#low.length);
    this.#high[to] = high;
  }
}
