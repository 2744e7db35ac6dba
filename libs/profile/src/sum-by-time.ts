import { heap, type Memory } from "@hearth/arena";
import { ExactSums } from "@hearth/exact-integers";
import type { ProfileColumns, RowColumns, SampleColumns } from "./profile-columns.ts";
import { RowSums, type SummedColumns } from "./row-sums.ts";

/**
 * Makes one row of all rows of a series whose times lie in the same bucket `[k · resolutionMs, (k + 1) · resolutionMs)`: samples
 * of equal stack traces are summed, spans and traces are dropped, the time is that of the latest, durations are summed, the
 * period is the largest. Its id follows from those of its rows; one row keeps its own, and loses spans and traces all the same.
 *
 * @param columns - rows sorted by series, time and profile id, each once, as `ProfileMerger` builds them; not changed.
 * @param memory - where the sums lie. Series and symbols are those of `columns`.
 * @returns rows in the same order, samples of each ascending by stack trace, none twice.
 * @remarks What is summed once is not changed by summing it again at the same resolution. Sums at a resolution and then at a
 * multiple of it are those at the multiple, ids apart.
 */
export function sumRowsByTime(
  columns: ProfileColumns,
  resolutionMs: number,
  memory: Memory = heap,
): ProfileColumns {
  const { series, rows, symbols } = columns;
  const firstRow = bucketStarts(rows, resolutionMs, memory);
  const { samples, firstSample } = sumSamples(columns, firstRow, memory);
  return {
    series,
    rows: { ...sumRowColumns(rows, firstRow, memory), series: seriesOf(rows, firstRow, memory), firstSample },
    samples,
    symbols,
  };
}

/** For each bucket of a series that has rows its first one, then the number of rows. */
function bucketStarts(rows: RowColumns, resolutionMs: number, memory: Memory): Uint32Array {
  const { count, series, timeMs } = rows;
  const starts = memory.uint32(count + 1);
  let buckets = 0;
  let last = 0;
  for (let row = 0; row < count; row++) {
    const bucket = Math.floor(timeMs[row]! / resolutionMs);
    if (row === 0 || bucket !== last || series[row] !== series[row - 1]) starts[buckets++] = row;
    last = bucket;
  }
  starts[buckets] = count;
  return starts.subarray(0, buckets + 1);
}

function seriesOf({ series }: RowColumns, firstRow: Uint32Array, memory: Memory): Uint32Array {
  const count = firstRow.length - 1;
  const summed = memory.uint32(count);
  for (let i = 0; i < count; i++) summed[i] = series[firstRow[i]!]!;
  return summed;
}

function sumRowColumns(rows: RowColumns, firstRow: Uint32Array, memory: Memory): SummedColumns {
  const count = firstRow.length - 1;
  const sums = new RowSums(count, memory);
  for (let to = 0; to < count; to++) {
    const first = firstRow[to]!;
    const end = firstRow[to + 1]!;
    for (let row = first; row < end; row++) sums.add(to, rows, row);
    sums.setTime(to, rows, end - 1);
    sums.setId(to, rows.profileId.subarray(first * 16, end * 16));
  }
  return sums.columns();
}

/** Rows of a bucket lie beside each other, and so do their samples. */
function sumSamples(
  { rows, samples, symbols }: ProfileColumns,
  firstRow: Uint32Array,
  memory: Memory,
): { samples: SampleColumns; firstSample: Uint32Array } {
  const sums = new StacktraceSums(symbols.stacktraces.parent.length, memory);
  const count = firstRow.length - 1;
  const firstSample = memory.uint32(count + 1);
  for (let to = 0; to < count; to++) {
    const range = { first: rows.firstSample[firstRow[to]!]!, end: rows.firstSample[firstRow[to + 1]!]! };
    firstSample[to + 1] = firstSample[to]! + sums.countDistinct(samples.stacktrace, range);
  }
  const stacktrace = memory.uint32(firstSample[count]!);
  const value = new ExactSums(firstSample[count]!, memory);
  for (let to = 0; to < count; to++) {
    const range = { first: rows.firstSample[firstRow[to]!]!, end: rows.firstSample[firstRow[to + 1]!]! };
    sums.add(samples, range);
    sums.moveTo({ stacktrace, value }, firstSample[to]!);
  }
  return {
    samples: {
      count: firstSample[count]!,
      stacktrace,
      value: { low: value.low, high: value.high },
      spanId: undefined,
      traceId: undefined,
    },
    firstSample,
  };
}

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Sums by stack trace, which are numbered without gaps: an array has a place for each, and nothing is hashed. */
class StacktraceSums {
  readonly #sums: ExactSums;
  /** Stack traces in the sum. */
  readonly #touched: Uint32Array;
  #touchedCount = 0;
  /** For each stack trace the number of the last look that met it. */
  readonly #seenBy: Uint32Array;
  #looks = 0;

  constructor(stacktraceCount: number, memory: Memory) {
    this.#sums = new ExactSums(stacktraceCount, memory);
    this.#touched = memory.uint32(stacktraceCount);
    this.#seenBy = memory.uint32(stacktraceCount);
  }

  countDistinct(stacktraces: Uint32Array, { first, end }: Range): number {
    const seenBy = this.#seenBy;
    const look = ++this.#looks;
    let distinct = 0;
    for (let sample = first; sample < end; sample++) {
      const stacktrace = stacktraces[sample]!;
      if (seenBy[stacktrace] === look) continue;
      seenBy[stacktrace] = look;
      distinct++;
    }
    return distinct;
  }

  /** All samples of a sum. */
  add({ stacktrace, value }: SampleColumns, { first, end }: Range): void {
    const { low, high } = value;
    const seenBy = this.#seenBy;
    const look = ++this.#looks;
    for (let sample = first; sample < end; sample++) {
      const at = stacktrace[sample]!;
      if (seenBy[at] !== look) this.#touched[this.#touchedCount++] = at;
      seenBy[at] = look;
      this.#sums.add(at, low[sample]!, high?.[sample]);
    }
  }

  /** Writes the sum from `to` on, ascending by stack trace, and begins a new one. */
  moveTo({ stacktrace, value }: { stacktrace: Uint32Array; value: ExactSums }, to: number): void {
    const touched = this.#touched.subarray(0, this.#touchedCount).sort();
    stacktrace.set(touched, to);
    for (let i = 0; i < touched.length; i++) {
      const at = touched[i]!;
      value.add(to + i, this.#sums.low[at]!, this.#sums.high?.[at]);
      this.#sums.clear(at);
    }
    this.#touchedCount = 0;
  }
}
