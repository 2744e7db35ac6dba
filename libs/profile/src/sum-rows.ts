import { ExactSums } from "@hearth/exact-integers";
import { fingerprint } from "@hearth/labels";
import { finish, mix, SlotTable } from "@hearth/symbols";
import type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
import { ProfileMerger } from "./profile-merger.ts";
import { RowSums, type SummedColumns } from "./row-sums.ts";
import { seriesKey } from "./series-key.ts";

/**
 * Makes one row of all rows of a series: samples that are equal in stack trace, span and trace are summed, the time is
 * the earliest, durations are summed, the period is the largest. The rows' identity follows from those they are made of,
 * in whatever order they come; a row that comes twice counts once.
 *
 * @param parts - profiles of one service, checked, as `decodeProfileColumns` returns them.
 * @param withoutLabel - a label that is left out: series that differ in it alone become one.
 */
export function sumRows(parts: readonly ProfileColumns[], withoutLabel: string): ProfileColumns {
  const merger = new ProfileMerger();
  for (const part of parts) merger.add(part);
  const merged = merger.build();
  const { series, seriesOf } = withoutLabels(merged.series, withoutLabel);
  const rowsOf = groupRows(merged.rows, seriesOf, series.length);
  const samples = new SampleSums(merged.samples);
  const firstSample = new Uint32Array(rowsOf.length + 1);
  for (const [index, rows] of rowsOf.entries()) {
    for (const row of rows) samples.addRow(merged.rows, row);
    firstSample[index + 1] = samples.endRow();
  }
  return {
    series,
    rows: { ...sumColumns(merged.rows, rowsOf), series: Uint32Array.from(rowsOf.keys()), firstSample },
    samples: samples.build(),
    symbols: merged.symbols,
  };
}

/** Series by their labels without one of them. */
function withoutLabels(all: readonly Series[], name: string): { series: Series[]; seriesOf: Uint32Array } {
  const series: Series[] = [];
  const indexes = new Map<string, number>();
  const seriesOf = new Uint32Array(all.length);
  for (const [index, each] of all.entries()) {
    const labels = each.labels.filter((label) => label.name !== name);
    const kept = labels.length === each.labels.length ? each : { labels, fingerprint: fingerprint(labels) };
    const key = seriesKey(labels);
    let known = indexes.get(key);
    if (known === undefined) indexes.set(key, (known = series.push(kept) - 1));
    seriesOf[index] = known;
  }
  return { series, seriesOf };
}

/** The rows of each series. */
function groupRows(rows: RowColumns, seriesOf: Uint32Array, seriesCount: number): number[][] {
  const groups: number[][] = Array.from({ length: seriesCount }, () => []);
  for (let row = 0; row < rows.count; row++) groups[seriesOf[rows.series[row]!]!]!.push(row);
  return groups;
}

function sumColumns(from: RowColumns, rowsOf: readonly (readonly number[])[]): SummedColumns {
  const sums = new RowSums(rowsOf.length);
  for (const [index, rows] of rowsOf.entries()) {
    const earliest = rows.reduce((first, row) => (isEarlier(from, row, first) ? row : first));
    sums.setTime(index, from, earliest);
    sums.setId(index, sortedIds(from, rows));
    for (const row of rows) sums.add(index, from, row);
  }
  return sums.columns();
}

function isEarlier(rows: RowColumns, a: number, b: number): boolean {
  return (rows.timeMs[a]! - rows.timeMs[b]! || rows.timeRestNanos[a]! - rows.timeRestNanos[b]!) < 0;
}

function sortedIds({ profileId }: RowColumns, rows: readonly number[]): Uint8Array {
  const ids = rows
    .map((row) => profileId.subarray(16 * row, 16 * row + 16))
    .sort((a, b) => Buffer.compare(a, b));
  return Buffer.concat(ids);
}

/** Sums the samples of one row after another. */
class SampleSums {
  readonly #from: SampleColumns;
  readonly #values: ExactSums;
  /** For each sum a sample that it is of: they are equal in all but the value. */
  readonly #sample: Uint32Array;
  #count = 0;
  #firstOfRow = 0;
  #table = new SlotTable();

  constructor(from: SampleColumns) {
    this.#from = from;
    this.#values = new ExactSums(from.count);
    this.#sample = new Uint32Array(from.count);
  }

  addRow({ firstSample }: RowColumns, row: number): void {
    const { value } = this.#from;
    for (let sample = firstSample[row]!; sample < firstSample[row + 1]!; sample++) {
      const hash = hashOf(this.#from, sample);
      let id = this.#table.find(hash, (known) =>
        this.#isEqual(this.#sample[this.#firstOfRow + known]!, sample),
      );
      if (id < 0) {
        id = this.#table.add(hash);
        this.#sample[this.#count++] = sample;
      }
      this.#values.add(this.#firstOfRow + id, value.low[sample]!, value.high?.[sample] ?? 0);
    }
  }

  /** @returns where the samples of the next row begin. */
  endRow(): number {
    this.#table = new SlotTable();
    return (this.#firstOfRow = this.#count);
  }

  build(): SampleColumns {
    const count = this.#count;
    const chosen = this.#sample.subarray(0, count);
    const { low, high } = this.#values;
    return {
      count,
      stacktrace: chosen.map((sample) => this.#from.stacktrace[sample]!),
      value: { low: low.slice(0, count), high: high?.slice(0, count) },
      spanId: pick(this.#from.spanId, 8, chosen),
      traceId: pick(this.#from.traceId, 16, chosen),
    };
  }

  #isEqual(a: number, b: number): boolean {
    const { stacktrace, spanId, traceId } = this.#from;
    return stacktrace[a] === stacktrace[b] && areEqual(spanId, 8, a, b) && areEqual(traceId, 16, a, b);
  }
}

function hashOf({ stacktrace, spanId }: SampleColumns, sample: number): number {
  let hash = mix(0, stacktrace[sample]!);
  if (spanId) for (let i = 0; i < 8; i++) hash = mix(hash, spanId[8 * sample + i]!);
  return finish(hash);
}

function areEqual(bytes: Uint8Array | undefined, width: number, a: number, b: number): boolean {
  if (bytes === undefined) return true;
  for (let i = 0; i < width; i++) if (bytes[width * a + i] !== bytes[width * b + i]) return false;
  return true;
}

function pick(bytes: Uint8Array | undefined, width: number, samples: Uint32Array): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  const picked = new Uint8Array(width * samples.length);
  for (const [index, sample] of samples.entries())
    picked.set(bytes.subarray(width * sample, width * (sample + 1)), width * index);
  return picked;
}
