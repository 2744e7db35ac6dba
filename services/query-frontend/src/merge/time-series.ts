import { compareLabels, type Label } from "@hearth/labels";
import type { TimeSeries } from "@hearth/proto/hearth/query/v1";

import { labelKey } from "./label-reports.ts";

/** How the profiles of a point become its value. */
export type Aggregation = "sum" | "average";

export interface TimeSeriesOptions {
  /** Where bucket 0 ends, Unix milliseconds; bucket `k` ends `k` steps later. */
  readonly originMs: number;
  readonly stepMs: number;
  readonly aggregation: Aggregation;
  /** Series to keep, 0 for all. */
  readonly limit: number;
  /** Labels that the series have for themselves; exemplars do not repeat them. */
  readonly groupBy: readonly string[];
}

export interface MergedSeries {
  /** In the order of the grouping. */
  readonly labels: readonly Label[];
  /** Ascending in time. */
  readonly points: readonly MergedPoint[];
}

export interface MergedPoint {
  readonly timestampMs: number;
  readonly value: number;
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** At most one: that with the highest value. */
  readonly exemplars: readonly MergedExemplar[];
}

export interface MergedExemplar {
  readonly timeMs: number;
  /** 16 bytes. */
  readonly profileId: Uint8Array;
  readonly value: number;
  readonly labels: readonly Label[];
}

/** Series of all reports, added up; the largest first, equal ones by their labels. */
export function mergeTimeSeries(series: readonly TimeSeries[], options: TimeSeriesOptions): MergedSeries[] {
  const byLabels = new Map<string, SeriesSums>();
  for (const part of series) {
    const key = labelKey(part.labels);
    let sums = byLabels.get(key);
    if (!sums) byLabels.set(key, (sums = new SeriesSums(part.labels)));
    sums.add(part);
  }
  const ranked = [...byLabels.values()]
    .map((sums) => sums.build(options))
    .map((merged) => ({ merged, total: merged.points.reduce((sum, { value }) => sum + value, 0) }))
    .sort((a, b) => b.total - a.total || compareLabels(a.merged.labels, b.merged.labels));
  const kept = options.limit > 0 ? ranked.slice(0, options.limit) : ranked;
  return kept.map(({ merged }) => merged);
}

interface PointSums {
  sum: number;
  count: number;
  /** By key and value, so that an annotation shows once. */
  readonly annotations: Map<string, { readonly key: string; readonly value: string }>;
  /** By profile and time. */
  readonly exemplars: Map<string, MergedExemplar>;
}

class SeriesSums {
  readonly #labels: Label[];
  readonly #points = new Map<number, PointSums>();

  constructor(labels: readonly Label[]) {
    this.#labels = labels.map(({ name, value }) => ({ name, value }));
  }

  add(part: TimeSeries): void {
    for (const [index, bucket] of part.bucket.entries()) {
      const point = this.#point(bucket);
      point.sum += part.sum[index] ?? 0;
      point.count += Number(part.count[index] ?? 0n);
    }
    for (const { bucket, key, value } of part.annotations) {
      this.#point(bucket).annotations.set(JSON.stringify([key, value]), { key, value });
    }
    for (const { bucket, timeMs, profileId, value, labels } of part.exemplars) {
      addExemplar(this.#point(bucket).exemplars, { timeMs: Number(timeMs), profileId, value, labels });
    }
  }

  build({ originMs, stepMs, aggregation, groupBy }: TimeSeriesOptions): MergedSeries {
    const ascending = [...this.#points].sort(([a], [b]) => a - b);
    const points = ascending.map(([bucket, { sum, count, annotations, exemplars }]) => ({
      timestampMs: originMs + bucket * stepMs,
      value: aggregation === "average" && count > 0 ? sum / count : sum,
      annotations: [...annotations.values()],
      exemplars: highest([...exemplars.values()]).map((exemplar) => withoutLabels(exemplar, groupBy)),
    }));
    return { labels: this.#labels, points };
  }

  #point(wireBucket: bigint): PointSums {
    const bucket = Number(wireBucket);
    let point = this.#points.get(bucket);
    if (!point)
      this.#points.set(bucket, (point = { sum: 0, count: 0, annotations: new Map(), exemplars: new Map() }));
    return point;
  }
}

/** A profile that is in several series of a group has the labels that these share, and the higher value. */
function addExemplar(exemplars: Map<string, MergedExemplar>, added: MergedExemplar): void {
  const key = `${added.timeMs} ${added.profileId.join(" ")}`;
  const known = exemplars.get(key);
  if (!known) {
    exemplars.set(key, added);
    return;
  }
  const shared = new Set(added.labels.map(({ name, value }) => labelKey([{ name, value }])));
  const labels = known.labels.filter(({ name, value }) => shared.has(labelKey([{ name, value }])));
  exemplars.set(key, { ...(added.value > known.value ? added : known), labels });
}

/** The exemplar with the highest value, of equal ones the earliest, then that with the smallest id. */
function highest(exemplars: readonly MergedExemplar[]): MergedExemplar[] {
  return exemplars
    .toSorted((a, b) => b.value - a.value || a.timeMs - b.timeMs || Buffer.compare(a.profileId, b.profileId))
    .slice(0, 1);
}

function withoutLabels(exemplar: MergedExemplar, groupBy: readonly string[]): MergedExemplar {
  const labels = exemplar.labels.filter(({ name }) => !groupBy.includes(name));
  return { ...exemplar, labels: labels.map(({ name, value }) => ({ name, value })) };
}
