import type { Labels } from "@hearth/labels";

/** The labels of the series of a dataset, a column per label name; series keep their numbers. */
export interface SeriesIndex {
  readonly count: number;
  /** In the order in which labels are stored (not sorted by name: pseudo labels come first). */
  readonly columns: readonly LabelColumn[];
  /** xxHash64 of the labels of each series. */
  readonly fingerprints: BigUint64Array;
}

/** One label name over all series. */
export interface LabelColumn {
  readonly name: string;
  /** Distinct values, in the order of their first series. */
  readonly values: readonly string[];
  /** For each series the index of its value + 1, or 0 when it lacks the label. */
  readonly valueOf: Uint32Array;
}

/** @param series - label sets in stored order, with distinct names. */
export function buildSeriesIndex(series: readonly { labels: Labels; fingerprint: bigint }[]): SeriesIndex {
  const builders = new Map<string, { values: Map<string, number>; valueOf: Uint32Array }>();
  for (const [index, { labels }] of series.entries()) {
    for (const { name, value } of labels) {
      let column = builders.get(name);
      if (!column)
        builders.set(name, (column = { values: new Map(), valueOf: new Uint32Array(series.length) }));
      let number = column.values.get(value);
      if (number === undefined) column.values.set(value, (number = column.values.size + 1));
      column.valueOf[index] = number;
    }
  }
  return {
    count: series.length,
    columns: Array.from(builders, ([name, { values, valueOf }]) => ({
      name,
      values: [...values.keys()],
      valueOf,
    })),
    fingerprints: BigUint64Array.from(series, ({ fingerprint }) => fingerprint),
  };
}
