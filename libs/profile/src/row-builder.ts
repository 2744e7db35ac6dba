import { heap, type Memory } from "@hearth/arena";
import { invariant } from "@hearth/errors";
import { ExactSums, type ExactColumn } from "@hearth/exact-integers";
import type { Labels } from "@hearth/labels";
import type { Symbols } from "@hearth/symbols";

import type { ProfileColumns, RowColumns, SampleColumns, Series } from "./profile-columns.ts";
import { seriesKey } from "./series-key.ts";
import { seriesOf, type SeriesLabelRules, type TypeAndUnit } from "./series-labels.ts";

/** What all samples of a pushed profile share. */
export interface ProfileHead {
  /** One for each value of a sample. */
  readonly sampleTypes: readonly TypeAndUnit[];
  readonly periodType: TypeAndUnit | undefined;
  /** What one event stands for, in units of the period type; 0 when unknown. */
  readonly period: number;
  readonly timeNanos: bigint;
  readonly durationNanos: number;
  /** 16 bytes: see `profileIdOf`. */
  readonly profileId: Uint8Array;
}

/** Samples of a profile that belong to one label set. */
export interface SampleGroup {
  /** Labels of the profile and its samples, names distinct, without those of the type: `__name__`, `service_name`, …. */
  readonly labels: Labels;
  /** No two samples are equal in stack trace, span and trace. */
  readonly count: number;
  /** Index of a stack trace. */
  readonly stacktrace: Uint32Array;
  /** A column for each sample type; of each only the values above 0 are stored. */
  readonly values: readonly ExactColumn[];
  /** 8 bytes each; all zero means none. Absent when no sample has one. */
  readonly spanId: Uint8Array | undefined;
  /** 16 bytes each; all zero means none. Absent when no sample has one. */
  readonly traceId: Uint8Array | undefined;
}

/** One sample type of a group, with the number of values above 0. */
interface PlannedRow {
  readonly head: ProfileHead;
  readonly group: SampleGroup;
  readonly values: ExactColumn;
  readonly seriesIndex: number;
  readonly sampleCount: number;
}

const NANOS_PER_MS = 1_000_000n;

/**
 * Makes rows of profiles of one service: each sample type of each label set becomes a row, with the labels of its type,
 * its fingerprint, and only the samples that are not zero. A row without samples is none.
 */
export class RowBuilder {
  readonly #rules: SeriesLabelRules;
  readonly #memory: Memory;
  readonly #series: Series[] = [];
  readonly #seriesIndexes = new Map<string, number>();
  readonly #rows: PlannedRow[] = [];

  /** @param memory - where the columns lie. */
  constructor(rules: SeriesLabelRules, memory: Memory = heap) {
    this.#rules = rules;
    this.#memory = memory;
  }

  /** @param group - kept until `build`. */
  add(head: ProfileHead, group: SampleGroup): void {
    invariant(
      group.values.length === head.sampleTypes.length,
      "row builder: one column of values per sample type",
    );
    for (const [index, values] of group.values.entries()) {
      const sampleCount = countPositive(values, group.count);
      if (sampleCount === 0) continue;
      const sampleType = head.sampleTypes[index]!;
      const series = seriesOf(group.labels, { sampleType, periodType: head.periodType }, this.#rules);
      this.#rows.push({ head, group, values, seriesIndex: this.#internSeries(series), sampleCount });
    }
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  /** @param symbols - what the groups' stack traces are indexes of. */
  build(symbols: Symbols): ProfileColumns {
    const firstSample = this.#memory.uint32(this.#rows.length + 1);
    for (const [index, row] of this.#rows.entries())
      firstSample[index + 1] = firstSample[index]! + row.sampleCount;
    const samples = this.#buildSamples(firstSample[this.#rows.length]!);
    const rows = this.#buildRows(firstSample, samples.value);
    return { series: this.#series, rows, samples, symbols };
  }

  #internSeries(series: Series): number {
    const key = seriesKey(series.labels);
    const known = this.#seriesIndexes.get(key);
    if (known !== undefined) return known;
    this.#seriesIndexes.set(key, this.#series.length);
    return this.#series.push(series) - 1;
  }

  #buildRows(firstSample: Uint32Array, value: ExactColumn): RowColumns {
    const count = this.#rows.length;
    const total = new ExactSums(count, this.#memory);
    for (let row = 0; row < count; row++) addTo(total, row, value, firstSample[row]!, firstSample[row + 1]!);
    const columns = {
      count,
      series: this.#memory.uint32(count),
      timeMs: this.#memory.float64(count),
      timeRestNanos: this.#memory.uint32(count),
      profileId: this.#memory.uint8(16 * count),
      total: { low: total.low, high: total.high },
      firstSample,
      period: this.#memory.float64(count),
      durationNanos: this.#memory.float64(count),
    };
    for (const [index, { head, seriesIndex }] of this.#rows.entries()) {
      columns.series[index] = seriesIndex;
      columns.timeMs[index] = Number(head.timeNanos / NANOS_PER_MS);
      columns.timeRestNanos[index] = Number(head.timeNanos % NANOS_PER_MS);
      columns.profileId.set(head.profileId, 16 * index);
      columns.period[index] = head.period;
      columns.durationNanos[index] = head.durationNanos;
    }
    return columns;
  }

  #buildSamples(count: number): SampleColumns {
    const isWide = this.#rows.some(({ values }) => values.high !== undefined);
    const hasSpans = this.#rows.some(({ group }) => group.spanId !== undefined);
    const hasTraces = this.#rows.some(({ group }) => group.traceId !== undefined);
    const columns = {
      count,
      stacktrace: this.#memory.uint32(count),
      value: { low: this.#memory.float64(count), high: isWide ? this.#memory.float64(count) : undefined },
      spanId: hasSpans ? this.#memory.uint8(8 * count) : undefined,
      traceId: hasTraces ? this.#memory.uint8(16 * count) : undefined,
    };
    let position = 0;
    for (const row of this.#rows) {
      copySamples(row, columns, position);
      position += row.sampleCount;
    }
    return columns;
  }
}

function countPositive({ low, high }: ExactColumn, count: number): number {
  let positive = 0;
  for (let i = 0; i < count; i++) {
    if (low[i]! > 0 || (high !== undefined && high[i]! > 0)) positive++;
  }
  return positive;
}

/** Copies the samples above 0 of a row to where it begins. */
function copySamples({ group, values }: PlannedRow, to: SampleColumns, start: number): void {
  const { low, high } = values;
  let position = start;
  for (let i = 0; i < group.count; i++) {
    const highPart = high === undefined ? 0 : high[i]!;
    if (low[i] === 0 && highPart === 0) continue;
    to.stacktrace[position] = group.stacktrace[i]!;
    to.value.low[position] = low[i]!;
    if (to.value.high !== undefined) to.value.high[position] = highPart;
    if (group.spanId !== undefined) to.spanId!.set(group.spanId.subarray(8 * i, 8 * i + 8), 8 * position);
    if (group.traceId !== undefined)
      to.traceId!.set(group.traceId.subarray(16 * i, 16 * i + 16), 16 * position);
    position++;
  }
}

function addTo(
  total: ExactSums,
  index: number,
  { low, high }: ExactColumn,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) total.add(index, low[i]!, high === undefined ? 0 : high[i]!);
}
