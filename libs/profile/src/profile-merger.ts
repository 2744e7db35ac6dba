import { heap, type Memory } from "@hearth/arena";
import { SymbolsBuilder } from "@hearth/symbols";
import { copyRows, type RowSource } from "./copy-rows.ts";
import { KeptRows } from "./kept-rows.ts";
import type { ProfileColumns, Series } from "./profile-columns.ts";
import { seriesKey } from "./series-key.ts";

/** Rows of columns that are to be left out. */
export interface ExcludedRows {
  /** 1 for each. */
  readonly isExcluded: Uint8Array;
  readonly count: number;
}

/**
 * Merges profiles of one service into one set of columns, rows sorted by (series, time, profile id), series by their
 * labels. A row with the series, time and profile id of another is the same profile again and is dropped. What segments
 * are built and blocks are merged with: nothing is parsed, stack traces are renumbered through a typed array.
 */
export class ProfileMerger {
  readonly #memory: Memory;
  readonly #symbols: SymbolsBuilder;
  readonly #series: Series[] = [];
  readonly #seriesIndexes = new Map<string, number>();
  readonly #sources: RowSource[] = [];
  readonly #kept: KeptRows;
  #droppedRows = 0;

  /** @param memory - where the merged columns lie. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.#symbols = new SymbolsBuilder(memory);
    this.#kept = new KeptRows(memory);
  }

  /** Rows that came again. */
  get droppedRows(): number {
    return this.#droppedRows;
  }

  get rowCount(): number {
    return this.#kept.count;
  }

  /**
   * @param columns - checked, as `decodeProfileColumns` returns them; rows and samples are kept until {@link build}.
   * @param excluded - rows to leave out, with all that only they use: 1 for each; no rows when absent.
   * @returns the numbers of the rows that are kept, ascending.
   */
  add(columns: ProfileColumns, excluded?: ExcludedRows): Uint32Array {
    const { rows, samples } = columns;
    const kept = excluded ? this.#keepOthers(columns, excluded) : this.#keep(columns);
    this.#droppedRows += rows.count - kept.length - (excluded?.count ?? 0);
    if (kept.length > 0) {
      const used = usedStacktraces(columns, kept, this.#memory);
      this.#sources.push({ rows, samples, stacktraces: this.#symbols.merge(columns.symbols, used) });
    }
    return kept;
  }

  /** The merged columns, whose symbols are not copied: good until the next {@link add}. */
  build(): ProfileColumns {
    const { order, rank } = sortSeries(this.#series);
    const rowOrder = this.#kept.order(rank);
    return {
      series: order.map((index) => this.#series[index]!),
      ...copyRows(this.#sources, this.#kept, rowOrder, { rank, memory: this.#memory }),
      symbols: this.#symbols.view(),
    };
  }

  #keep({ series, rows }: ProfileColumns): Uint32Array {
    const seriesMap = series.map((each) => this.#internSeries(each));
    const source = this.#sources.length;
    const kept = this.#memory.uint32(rows.count);
    let count = 0;
    for (let row = 0; row < rows.count; row++) {
      const at = { source, row, series: seriesMap[rows.series[row]!]! };
      if (this.#kept.add(rows, at)) kept[count++] = row;
    }
    return kept.subarray(0, count);
  }

  /** Series all of whose rows are excluded are not interned. */
  #keepOthers({ series, rows }: ProfileColumns, { isExcluded }: ExcludedRows): Uint32Array {
    const seriesMap: (number | undefined)[] = [];
    const source = this.#sources.length;
    const kept = this.#memory.uint32(rows.count);
    let count = 0;
    for (let row = 0; row < rows.count; row++) {
      if (isExcluded[row] === 1) continue;
      const own = rows.series[row]!;
      const interned = (seriesMap[own] ??= this.#internSeries(series[own]!));
      if (this.#kept.add(rows, { source, row, series: interned })) kept[count++] = row;
    }
    return kept.subarray(0, count);
  }

  #internSeries(series: Series): number {
    const key = seriesKey(series.labels);
    const known = this.#seriesIndexes.get(key);
    if (known !== undefined) return known;
    this.#seriesIndexes.set(key, this.#series.length);
    return this.#series.push(series) - 1;
  }
}

/** The stack traces of the samples of the rows `kept`. */
function usedStacktraces({ rows, samples }: ProfileColumns, kept: Uint32Array, memory: Memory): Uint32Array {
  if (kept.length === rows.count) return samples.stacktrace;
  const used = memory.uint32(samples.count);
  let count = 0;
  for (const row of kept) {
    const own = samples.stacktrace.subarray(rows.firstSample[row], rows.firstSample[row + 1]);
    used.set(own, count);
    count += own.length;
  }
  return used.subarray(0, count);
}

/** @returns the indexes in the order of their labels, and for each index its place in it. */
function sortSeries(series: readonly Series[]): { order: number[]; rank: Uint32Array } {
  const keys = series.map(({ labels }) => seriesKey(labels));
  const order = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
  const rank = new Uint32Array(order.length);
  for (const [place, index] of order.entries()) rank[index] = place;
  return { order, rank };
}
