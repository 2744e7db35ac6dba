import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import type { ExactColumn } from "@hearth/exact-integers";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { finish, mix, SlotTable } from "@hearth/symbols";

/*
 * Sample types of one profile have the same stack traces, mostly, and values that are multiples of each other, often: 3 samples
 * of 10 ms are 30 ms of CPU. So a row may say that its stack traces are those of a row before it, and its values, too, but
 * for a unit that they are divided by. What such a row has in the columns of samples are zeros, which compress to nothing.
 */

/** What rows have in common with rows before them. */
export interface SampleSharing {
  /** For each row how many rows before it is one with the same stack traces, spans and traces, in the same order; 0: none. Absent: 0 for all. */
  readonly like: Int32Array | undefined;
  /** 1 where the values are those of that row, too, each in its own unit; else 0. Absent: 0 for all. */
  readonly likeValues: Int32Array | undefined;
  /** For each row what its values are divided by, from 1 on. Absent: 1 for all. */
  readonly unit: Float64Array | undefined;
}

/** Samples as they are written. */
export interface StoredSamples {
  /** Each stack trace less the one before it in its row; 0 in rows that are like another. */
  readonly stacktraceDelta: Int32Array;
  /** Divided by the units; 0 in rows whose values are those of another. */
  readonly value: ExactColumn;
  /** 0 in rows that are like another. */
  readonly spanId: Uint8Array | undefined;
  /** 0 in rows that are like another. */
  readonly traceId: Uint8Array | undefined;
}

/** Finds out what rows have in common. @param memory - where the answer lies. */
export function shareSamples(rows: RowColumns, samples: SampleColumns, memory: Memory = heap): SampleSharing {
  const { count, firstSample } = rows;
  const unit = unitsOf(rows, samples.value, memory);
  const like = memory.int32(count);
  const likeValues = memory.int32(count);
  const table = new SlotTable(count, memory);
  let isLike = 0;
  let isLikeInValues = 0;
  for (let row = 0; row < count; row++) {
    const range = { first: firstSample[row]!, end: firstSample[row + 1]! };
    if (range.first === range.end) continue;
    const hash = hashOf(samples.stacktrace, range);
    const other = table.find(hash, (known) => haveSameStacks(samples, range, firstSample, known));
    if (other < 0) {
      table.put(hash, row);
      continue;
    }
    isLike = like[row] = row - other;
    const units = { own: unit ? unit[row]! : 1, other: unit ? unit[other]! : 1 };
    if (haveSameValues(samples.value, range, { first: firstSample[other]!, ...units }))
      isLikeInValues = likeValues[row] = 1;
  }
  return {
    like: isLike > 0 ? like : undefined,
    likeValues: isLikeInValues > 0 ? likeValues : undefined,
    unit,
  };
}

/** Samples as they are written, in memory of their own. */
export function storedSamples(
  { count, firstSample }: RowColumns,
  samples: SampleColumns,
  { like, likeValues, unit }: SampleSharing,
): StoredSamples {
  const stacktraceDelta = new Int32Array(samples.count);
  const low = unit || likeValues ? samples.value.low.slice() : samples.value.low;
  const spanId = like ? samples.spanId?.slice() : samples.spanId;
  const traceId = like ? samples.traceId?.slice() : samples.traceId;
  for (let row = 0; row < count; row++) {
    const first = firstSample[row]!;
    const end = firstSample[row + 1]!;
    if (like && like[row] !== 0) {
      spanId?.fill(0, first * 8, end * 8);
      traceId?.fill(0, first * 16, end * 16);
    } else {
      writeDeltas(stacktraceDelta, samples.stacktrace, first, end);
    }
    if (likeValues && likeValues[row] === 1) low.fill(0, first, end);
    else if (unit && unit[row] !== 1) divide(low, unit[row]!, first, end);
  }
  return { stacktraceDelta, value: { low, high: samples.value.high }, spanId, traceId };
}

/**
 * Makes of samples as they are written what they were, in place.
 *
 * @returns the stack traces, in the memory of the deltas.
 * @throws {DataLossError} when a row is like none that there is, or like one of another length.
 */
export function expandSamples(
  { count, firstSample }: Pick<RowColumns, "count" | "firstSample">,
  { stacktraceDelta, value: { low }, spanId, traceId }: StoredSamples,
  { like, likeValues, unit }: SampleSharing,
): Uint32Array {
  const stacktrace = new Uint32Array(
    stacktraceDelta.buffer,
    stacktraceDelta.byteOffset,
    stacktraceDelta.length,
  );
  for (let row = 0; row < count; row++) {
    const first = firstSample[row]!;
    const end = firstSample[row + 1]!;
    const back = like ? like[row]! : 0;
    if (back === 0) {
      sumDeltas(stacktrace, first, end);
      continue;
    }
    const other = row - back;
    if (!(back > 0 && other >= 0) || firstSample[other + 1]! - firstSample[other]! !== end - first)
      throw new DataLossError(`block: samples of no such row: section=profiles row=${row} like=${back}`);
    const from = firstSample[other]!;
    const to = from + end - first;
    stacktrace.copyWithin(first, from, to);
    spanId?.copyWithin(first * 8, from * 8, to * 8);
    traceId?.copyWithin(first * 16, from * 16, to * 16);
    if (likeValues && likeValues[row] === 1) low.copyWithin(first, from, to);
  }
  if (unit) multiplyRows(low, firstSample, unit);
  return stacktrace;
}

interface SampleRange {
  readonly first: number;
  readonly end: number;
}

/** The greatest common divisor of the values of each row; undefined when all are 1. Of values beyond 2^52 it is 1. */
function unitsOf(
  { count, firstSample }: RowColumns,
  { low, high }: ExactColumn,
  memory: Memory,
): Float64Array | undefined {
  const units = memory.float64(count);
  let most = 1;
  for (let row = 0; row < count; row++) {
    const range = { first: firstSample[row]!, end: firstSample[row + 1]! };
    const unit = high && isAnyAboveZero(high, range) ? 1 : greatestDivisor(low, range);
    units[row] = unit;
    if (unit > most) most = unit;
  }
  return most > 1 ? units : undefined;
}

function isAnyAboveZero(column: Float64Array, { first, end }: SampleRange): boolean {
  for (let i = first; i < end; i++) if (column[i] !== 0) return true;
  return false;
}

function greatestDivisor(values: Float64Array, { first, end }: SampleRange): number {
  if (first === end) return 1;
  let unit = values[first]!;
  for (let i = first + 1; i < end && unit !== 1; i++) {
    const value = values[i]!;
    const quotient = value / unit;
    // Of whole numbers below 2^52 a quotient is a whole number only if it has no rest.
    if (quotient !== Math.floor(quotient)) unit = divisorOfTwo(value, unit);
  }
  return Math.max(1, unit);
}

function divisorOfTwo(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function hashOf(stacktrace: Uint32Array, { first, end }: SampleRange): number {
  let hash = end - first;
  for (let i = first; i < end; i++) hash = mix(hash, stacktrace[i]!);
  return finish(hash);
}

function haveSameStacks(
  { stacktrace, spanId, traceId }: SampleColumns,
  { first, end }: SampleRange,
  firstSample: Uint32Array,
  other: number,
): boolean {
  const from = firstSample[other]!;
  if (firstSample[other + 1]! - from !== end - first) return false;
  for (let i = first, j = from; i < end; i++, j++) if (stacktrace[i] !== stacktrace[j]) return false;
  return areSameIds(spanId, 8, { first, end }, from) && areSameIds(traceId, 16, { first, end }, from);
}

function areSameIds(
  ids: Uint8Array | undefined,
  width: number,
  { first, end }: SampleRange,
  other: number,
): boolean {
  if (!ids) return true;
  for (let i = first * width, j = other * width; i < end * width; i++, j++)
    if (ids[i] !== ids[j]) return false;
  return true;
}

function haveSameValues(
  { low, high }: ExactColumn,
  range: SampleRange,
  other: { readonly first: number; readonly own: number; readonly other: number },
): boolean {
  if (
    high &&
    (isAnyAboveZero(high, range) ||
      isAnyAboveZero(high, { first: other.first, end: other.first + range.end - range.first }))
  )
    return false;
  for (let i = range.first, j = other.first; i < range.end; i++, j++)
    if (low[i]! / other.own !== low[j]! / other.other) return false;
  return true;
}

function writeDeltas(to: Int32Array, stacktrace: Uint32Array, first: number, end: number): void {
  for (let i = first, last = 0; i < end; i++) {
    const number = stacktrace[i]!;
    to[i] = number - last;
    last = number;
  }
}

/** Modulo 2^32, as they were made. */
function sumDeltas(numbers: Uint32Array, first: number, end: number): void {
  for (let i = first, last = 0; i < end; i++) numbers[i] = last = (last + numbers[i]!) >>> 0;
}

function divide(values: Float64Array, unit: number, first: number, end: number): void {
  for (let i = first; i < end; i++) values[i]! /= unit;
}

function multiplyRows(values: Float64Array, firstSample: Uint32Array, unit: Float64Array): void {
  for (let row = 0; row < unit.length; row++) {
    const by = unit[row]!;
    if (by === 1) continue;
    for (let i = firstSample[row]!; i < firstSample[row + 1]!; i++) values[i]! *= by;
  }
}
