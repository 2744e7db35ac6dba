/** A deletion as a dataset sees it: its series were found, once for all rows. */
export interface SeriesDeletion {
  /** Numbers of the series that it covers. */
  readonly series: Iterable<number>;
  /** Unix milliseconds, half-open. */
  readonly startMs: number;
  readonly endMs: number;
}

/** At which times the rows of each series of a dataset are deleted. */
export interface DeletedSpans {
  /** @param timeMs - of the row, in whole milliseconds. */
  isDeleted(series: number, timeMs: number): boolean;
  /** Whether any row of the series may be deleted. */
  concerns(series: number): boolean;
  /** Whether every row of the series is deleted, whose times lie within both bounds, inclusive. */
  isWholeDeleted(series: number, minTimeMs: number, maxTimeMs: number): boolean;
}

/** @returns undefined when no row can be deleted. */
export function deletedSpans(
  seriesCount: number,
  deletions: readonly SeriesDeletion[],
): DeletedSpans | undefined {
  const bySeries = new Map<number, [startMs: number, endMs: number][]>();
  for (const { series, startMs, endMs } of deletions) {
    if (startMs >= endMs) continue;
    for (const one of series) {
      const spans = bySeries.get(one);
      if (spans) spans.push([startMs, endMs]);
      else bySeries.set(one, [[startMs, endMs]]);
    }
  }
  return bySeries.size === 0 ? undefined : new SpanColumns(seriesCount, bySeries);
}

/** Spans of all series one after another: those of a series ascend and do not meet. */
class SpanColumns implements DeletedSpans {
  /** Series `i` has the spans `[first[i], first[i + 1])`. */
  readonly #first: Uint32Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor(seriesCount: number, bySeries: ReadonlyMap<number, [number, number][]>) {
    this.#first = new Uint32Array(seriesCount + 1);
    for (let series = 0; series < seriesCount; series++) {
      this.#append(bySeries.get(series) ?? []);
      this.#first[series + 1] = this.#starts.length;
    }
  }

  isDeleted(series: number, timeMs: number): boolean {
    return this.#spanOf(series, timeMs) >= 0;
  }

  concerns(series: number): boolean {
    return this.#first[series]! < this.#first[series + 1]!;
  }

  isWholeDeleted(series: number, minTimeMs: number, maxTimeMs: number): boolean {
    const span = this.#spanOf(series, minTimeMs);
    return span >= 0 && maxTimeMs < this.#ends[span]!;
  }

  /** The span that a time lies in; -1 when there is none. */
  #spanOf(series: number, timeMs: number): number {
    const first = this.#first[series]!;
    let low = first;
    let high = this.#first[series + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low > first && timeMs < this.#ends[low - 1]! ? low - 1 : -1;
  }

  #append(spans: [number, number][]): void {
    const begin = this.#starts.length;
    for (const [startMs, endMs] of spans.sort(([a], [b]) => a - b)) {
      const last = this.#ends.length - 1;
      if (last >= begin && startMs <= this.#ends[last]!) {
        this.#ends[last] = Math.max(this.#ends[last]!, endMs);
      } else {
        this.#starts.push(startMs);
        this.#ends.push(endMs);
      }
    }
  }
}
