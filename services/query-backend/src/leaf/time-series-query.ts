import type { CallTree } from "@hearth/block";
import { WORD } from "@hearth/exact-integers";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { labelsOf, type SeriesIndex } from "@hearth/series-index";
import type { Exemplar, LabelSet, TimeSeries, TimeSeriesQuery } from "./leaf-request.ts";
import { sameBytes } from "./select-rows.ts";
import { nodesBelowCallSite } from "./select-samples.ts";

interface Bucket {
  sum: number;
  count: number;
  /** By profile id and millisecond: rows of one profile are one exemplar. */
  readonly exemplars: ExemplarSum[];
}

interface ExemplarSum {
  readonly timeMs: number;
  readonly profileId: Uint8Array;
  value: number;
  labels: LabelSet;
}

interface Group {
  readonly labels: LabelSet;
  readonly buckets: Map<number, Bucket>;
}

interface TimeSeriesDataset {
  readonly series: SeriesIndex;
  readonly rows: RowColumns;
  /** Only for queries with a call site. */
  readonly stacks: { readonly tree: CallTree; readonly samples: SampleColumns } | undefined;
}

/** Sums rows by the values of the grouping labels and by buckets of time. */
export class TimeSeriesSum {
  readonly #query: TimeSeriesQuery;
  readonly #groups = new Map<string, Group>();

  constructor(query: TimeSeriesQuery) {
    this.#query = query;
  }

  add(dataset: TimeSeriesDataset, selected: Uint32Array): void {
    const groupOf = new Map<number, Group>();
    const valueOf = rowValues(dataset, this.#query.callSite);
    for (const row of selected) {
      const series = dataset.rows.series[row]!;
      let group = groupOf.get(series);
      if (!group) groupOf.set(series, (group = this.#group(dataset.series, series)));
      const value = valueOf(row);
      if (value > 0) this.#addValue(group, dataset, row, value);
    }
  }

  report(): TimeSeries[] {
    return Array.from(this.#groups.values(), ({ labels, buckets }) => {
      const ascending = [...buckets].sort(([a], [b]) => a - b);
      return {
        labels,
        buckets: ascending.map(([index]) => index),
        sums: ascending.map(([, bucket]) => bucket.sum),
        counts: ascending.map(([, bucket]) => bucket.count),
        exemplars: ascending.flatMap(([index, bucket]) => highest(index, bucket.exemplars)),
      };
    });
  }

  #group(index: SeriesIndex, series: number): Group {
    const own = labelsOf(index, series);
    const labels = this.#query.groupBy.flatMap((name) => own.find((label) => label.name === name) ?? []);
    const key = JSON.stringify(labels);
    let group = this.#groups.get(key);
    if (!group) this.#groups.set(key, (group = { labels, buckets: new Map() }));
    return group;
  }

  #addValue(group: Group, { series, rows }: TimeSeriesDataset, row: number, value: number): void {
    const { originMs, stepMs, exemplars, groupBy } = this.#query;
    const index = Math.max(0, Math.ceil((rows.timeMs[row]! - originMs) / stepMs));
    let bucket = group.buckets.get(index);
    if (!bucket) group.buckets.set(index, (bucket = { sum: 0, count: 0, exemplars: [] }));
    bucket.sum += value;
    bucket.count++;
    if (!exemplars) return;
    const labels = labelsOf(series, rows.series[row]!).filter(({ name }) => !groupBy.includes(name));
    addExemplar(bucket.exemplars, rows, row, value, labels);
  }
}

/** The value of a row: its total, or what of it is below the call site. */
function rowValues(
  { rows, stacks }: TimeSeriesDataset,
  callSite: readonly string[],
): (row: number) => number {
  const below = stacks && nodesBelowCallSite(stacks.tree, callSite);
  if (!stacks || !below) {
    const { low, high } = rows.total;
    return (row) => low[row]! + (high ? high[row]! * WORD : 0);
  }
  const { samples, tree } = stacks;
  const { low, high } = samples.value;
  return (row) => {
    let sum = 0;
    for (let sample = rows.firstSample[row]!; sample < rows.firstSample[row + 1]!; sample++) {
      if (below[tree.nodeOf[samples.stacktrace[sample]!]!] === 1)
        sum += low[sample]! + (high ? high[sample]! * WORD : 0);
    }
    return sum;
  };
}

function addExemplar(
  sums: ExemplarSum[],
  rows: RowColumns,
  row: number,
  value: number,
  labels: LabelSet,
): void {
  const timeMs = rows.timeMs[row]!;
  const same = sums.find(
    (sum) => sum.timeMs === timeMs && sameBytes(sum.profileId, 0, rows.profileId, row * 16, 16),
  );
  if (!same) {
    sums.push({ timeMs, profileId: rows.profileId.slice(row * 16, row * 16 + 16), value, labels });
    return;
  }
  same.value += value;
  same.labels = same.labels.filter((label) =>
    labels.some((other) => other.name === label.name && other.value === label.value),
  );
}

/** One exemplar a point: the highest value, the first of equals. */
function highest(bucket: number, sums: readonly ExemplarSum[]): Exemplar[] {
  const best = sums.reduce<ExemplarSum | undefined>(
    (top, sum) => (top && top.value >= sum.value ? top : sum),
    undefined,
  );
  return best ? [{ bucket, ...best }] : [];
}
