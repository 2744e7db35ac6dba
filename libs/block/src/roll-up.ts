import type { Memory } from "@hearth/arena";
import { invariant } from "@hearth/errors";
import { type ExactColumn, ExactSums } from "@hearth/exact-integers";
import type { ProfileColumns, RowColumns, SampleColumns } from "@hearth/profile";

/** What all rows of one profile type of a dataset sum to, by stack trace. Exact, nothing is cut. */
export interface Rollup {
  /** `__profile_type__` of the series; empty for those that lack it. */
  readonly profileType: string;
  readonly rowCount: number;
  /** Ascending, in the numbering of the dataset. */
  readonly stacktrace: Uint32Array;
  /** For each of them the sum of its samples, greater than 0. */
  readonly value: ExactColumn;
}

/** A type is left out where its sums are more than one in so many samples: it would spare little, and cost as much again. */
const LEAST_SAMPLES_PER_SUM = 2;

/**
 * Sums the samples of each profile type.
 *
 * @param columns - rows sorted by series.
 * @param memory - where the sums lie.
 * @returns types whose sums are at most half as many as their samples, in the order of their first series.
 * @throws {InvariantError} when samples do not sum to the totals of their rows.
 */
export function rollUp(columns: ProfileColumns, memory: Memory): Rollup[] {
  const firstRow = firstRows(columns, memory);
  const rollups: Rollup[] = [];
  for (const [profileType, series] of seriesByType(columns)) {
    const rollup = rollUpType(columns, { profileType, series, firstRow }, memory);
    if (rollup) rollups.push(rollup);
  }
  return rollups;
}

interface TypeRows {
  readonly profileType: string;
  readonly series: readonly number[];
  /** For each series of the dataset; one more entry than there are series. */
  readonly firstRow: Uint32Array;
}

function rollUpType(
  { rows, samples, symbols }: ProfileColumns,
  { profileType, series, firstRow }: TypeRows,
  memory: Memory,
): Rollup | undefined {
  const sums = new ExactSums(symbols.stacktraces.parent.length, memory);
  const total = new ExactSums(1, memory);
  let rowCount = 0;
  let sampleCount = 0;
  for (const each of series) {
    const range = { first: firstRow[each]!, end: firstRow[each + 1]! };
    addTotals(total, rows, range);
    rowCount += range.end - range.first;
    sampleCount += addSamples(sums, samples, {
      first: rows.firstSample[range.first]!,
      end: rows.firstSample[range.end]!,
    });
  }
  const { low, high } = sums;
  const count = countSums(low, high);
  if (count * LEAST_SAMPLES_PER_SUM > sampleCount) return undefined;
  const rollup = { profileType, rowCount, ...pickSums({ low, high }, count, memory) };
  checkTotal(rollup, total);
  return rollup;
}

interface Range {
  readonly first: number;
  readonly end: number;
}

function addTotals(total: ExactSums, rows: RowColumns, { first, end }: Range): void {
  for (let row = first; row < end; row++) total.add(0, rows.total.low[row]!, rows.total.high?.[row]);
}

/** @returns how many there were. */
function addSamples(sums: ExactSums, { stacktrace, value }: SampleColumns, { first, end }: Range): number {
  const { low, high } = value;
  if (!high) for (let i = first; i < end; i++) sums.add(stacktrace[i]!, low[i]!);
  else for (let i = first; i < end; i++) sums.add(stacktrace[i]!, low[i]!, high[i]);
  return end - first;
}

function countSums(low: Float64Array, high: Float64Array | undefined): number {
  let count = 0;
  for (let i = 0; i < low.length; i++) if (low[i] !== 0 || (high && high[i] !== 0)) count++;
  return count;
}

function pickSums(
  { low, high }: ExactColumn,
  count: number,
  memory: Memory,
): Pick<Rollup, "stacktrace" | "value"> {
  const stacktrace = memory.uint32(count);
  const picked = { low: memory.float64(count), high: high && memory.float64(count) };
  for (let i = 0, to = 0; i < low.length; i++) {
    if (low[i] === 0 && !(high && high[i] !== 0)) continue;
    stacktrace[to] = i;
    picked.low[to] = low[i]!;
    if (picked.high) picked.high[to] = high![i]!;
    to++;
  }
  return { stacktrace, value: picked };
}

/** Nothing may be lost and nothing made up: queries read the sums instead of the rows. */
function checkTotal({ value, profileType }: Rollup, total: ExactSums): void {
  const sum = sumOf(value);
  const isSame = sum.low === total.low[0] && sum.high === (total.high?.[0] ?? 0);
  invariant(isSame, `rollup: samples do not sum to the totals of their rows: type=${profileType}`);
}

/** The sum of all values. */
export function sumOf({ low, high }: ExactColumn): { low: number; high: number } {
  const sum = new ExactSums(1);
  for (let i = 0; i < low.length; i++) sum.add(0, low[i]!, high?.[i]);
  return { low: sum.low[0]!, high: sum.high?.[0] ?? 0 };
}

/** Numbers of the series of each type. */
function seriesByType({ series }: ProfileColumns): Map<string, number[]> {
  const types = new Map<string, number[]>();
  for (const [number, { labels }] of series.entries()) {
    const type = labels.find(({ name }) => name === PROFILE_TYPE_LABEL)?.value ?? "";
    const numbers = types.get(type);
    if (numbers) numbers.push(number);
    else types.set(type, [number]);
  }
  return types;
}

export const PROFILE_TYPE_LABEL = "__profile_type__";

/** For each series its first row, then the number of rows. */
function firstRows({ series, rows }: ProfileColumns, memory: Memory): Uint32Array {
  const first = memory.uint32(series.length + 1);
  for (let row = 0; row < rows.count; row++) first[rows.series[row]! + 1]!++;
  for (let i = 0; i < series.length; i++) first[i + 1]! += first[i]!;
  return first;
}
