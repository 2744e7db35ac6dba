import { invariant } from "@hearth/errors";
import { type ExactColumn, ExactSums, exactToBigInt } from "@hearth/exact-integers";
import { type ProfileColumns, seriesKey } from "@hearth/profile";

/** What rows of one series amount to. Sums are modulo 2^64. */
interface Tally {
  rows: number;
  samples: number;
  /** Of the rows' totals. */
  total: bigint;
  /** Of the samples' values. */
  value: bigint;
}

/**
 * Keeps the books of a merge: nothing may be lost and nothing made up, and whoever merges blocks deletes them after. For
 * each series, and so for each profile type, rows, samples and exact sums of what was kept must be in the result.
 */
export class ConservationLedger {
  readonly #kept = new Map<string, Tally>();
  #rowsIn = 0;
  #rowsKept = 0;

  /**
   * @param kept - the numbers of the rows that the merge says it keeps.
   * @param deletedRows - how many were left out since they are deleted on request.
   */
  add(columns: ProfileColumns, kept: Uint32Array, deletedRows: number): void {
    this.#rowsIn += columns.rows.count - deletedRows;
    this.#rowsKept += kept.length;
    addTallies(this.#kept, columns, kept);
  }

  /**
   * @param droppedRows - rows of which the merge says that they came again.
   * @throws {InvariantError} when the books do not balance: the merge is wrong and must not be used.
   */
  check(merged: ProfileColumns, droppedRows: number): void {
    const { rows, samples } = merged;
    invariant(rows.count + droppedRows === this.#rowsIn, "merge: rows in are not rows out and repeats");
    invariant(rows.count === this.#rowsKept, "merge: rows were lost or made up");
    invariant(samples.count === rows.firstSample[rows.count], "merge: samples of no row");
    for (const [kept, actual] of this.#pairs(merged)) {
      invariant(actual.rows === kept.rows, "merge: rows of a series differ");
      invariant(actual.samples === kept.samples, "merge: samples of a series differ");
      checkSums(kept, actual);
    }
  }

  /**
   * @param summed - one row in place of several of what was kept.
   * @throws {InvariantError} when a series has other sums, or more rows or samples than before.
   */
  checkSums(summed: ProfileColumns): void {
    const { rows, samples } = summed;
    invariant(samples.count === rows.firstSample[rows.count], "merge: samples of no row");
    for (const [kept, actual] of this.#pairs(summed)) {
      invariant(actual.rows <= kept.rows, "merge: a series has more rows than were summed");
      invariant(actual.samples <= kept.samples, "merge: a series has more samples than were summed");
      checkSums(kept, actual);
    }
  }

  /** For each series what was kept, and what there is. */
  #pairs(columns: ProfileColumns): readonly [Tally, Tally][] {
    const actual = new Map<string, Tally>();
    addTallies(
      actual,
      columns,
      Uint32Array.from({ length: columns.rows.count }, (_, row) => row),
    );
    invariant(actual.size === this.#kept.size, "merge: the number of series differs");
    return Array.from(this.#kept, ([series, kept]) => {
      const own = actual.get(series);
      invariant(own, "merge: a series was lost");
      return [kept, own];
    });
  }
}

function checkSums(kept: Tally, actual: Tally): void {
  invariant(actual.total === kept.total, "merge: totals of a series differ");
  invariant(actual.value === kept.value, "merge: values of a series differ");
}

function addTallies(tallies: Map<string, Tally>, columns: ProfileColumns, chosen: Uint32Array): void {
  const { rows, samples } = columns;
  const seriesCount = columns.series.length;
  const rowCounts = new Float64Array(seriesCount);
  const sampleCounts = new Float64Array(seriesCount);
  const totals = new ExactSums(seriesCount);
  const values = new ExactSums(seriesCount);
  for (const row of chosen) {
    const series = rows.series[row]!;
    const first = rows.firstSample[row]!;
    const end = rows.firstSample[row + 1]!;
    rowCounts[series]!++;
    sampleCounts[series]! += end - first;
    totals.add(series, rows.total.low[row]!, rows.total.high?.[row]);
    addValues(values, series, samples.value, { first, end });
  }
  for (const [index, { labels }] of columns.series.entries()) {
    if (rowCounts[index] === 0) continue;
    const key = seriesKey(labels);
    const tally = tallies.get(key) ?? { rows: 0, samples: 0, total: 0n, value: 0n };
    tallies.set(key, {
      rows: tally.rows + rowCounts[index]!,
      samples: tally.samples + sampleCounts[index]!,
      total: BigInt.asUintN(64, tally.total + exactToBigInt(totals, index)),
      value: BigInt.asUintN(64, tally.value + exactToBigInt(values, index)),
    });
  }
}

function addValues(
  sums: ExactSums,
  series: number,
  { low, high }: ExactColumn,
  { first, end }: { first: number; end: number },
): void {
  if (!high) for (let sample = first; sample < end; sample++) sums.add(series, low[sample]!);
  else for (let sample = first; sample < end; sample++) sums.add(series, low[sample]!, high[sample]);
}
