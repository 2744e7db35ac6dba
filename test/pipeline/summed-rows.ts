import { seriesOf, summedRowAt, timeOfRow } from "./rows.ts";

/**
 * Rows of tiers. They are numbers as others are, with the time and the series of the rows that became one; what each stands for is
 * kept here. The same rows become the same number.
 */
export class SummedRows {
  readonly #parts = new Map<number, readonly number[]>();
  readonly #byParts = new Map<string, number>();

  /** The pushed rows that a row stands for, sorted; one that was pushed twice may be there twice. */
  partsOf(row: number): readonly number[] {
    return this.#parts.get(row) ?? [row];
  }

  /** The row that stands for rows of one series: it has the time of the latest. */
  sum(rows: readonly number[]): number {
    const parts = rows.flatMap((row) => this.partsOf(row)).toSorted((a, b) => a - b);
    const timeMs = Math.max(...rows.map(timeOfRow));
    const key = `${timeMs}:${parts.join()}`;
    const known = this.#byParts.get(key);
    if (known !== undefined) return known;
    const row = summedRowAt(timeMs, seriesOf(rows[0]!), this.#parts.size);
    this.#parts.set(row, parts);
    this.#byParts.set(key, row);
    return row;
  }

  /** One row for all of a series within a bucket of time. */
  sumByTime(rows: readonly number[], resolutionMs: number): number[] {
    return [...bucketsOf(rows, resolutionMs).values()]
      .map((bucket) => this.sum(bucket))
      .toSorted((a, b) => a - b);
  }
}

/** Rows by series and bucket of time. */
export function bucketsOf(rows: readonly number[], resolutionMs: number): ReadonlyMap<string, number[]> {
  return Map.groupBy(rows, (row) => `${seriesOf(row)}/${Math.floor(timeOfRow(row) / resolutionMs)}`);
}
