import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import { WORD } from "@hearth/exact-integers";
import { VarintReader, VarintWriter } from "../codec/varint-columns.ts";
import type { MarkedProfiles, ProfileEnds } from "../profile-ends.ts";
import { type Rollup, sumOf } from "../roll-up.ts";

const SECTION = "rollup";

/** What a dataset sums to. */
export interface DatasetRollups {
  /** Of different profile types. */
  readonly types: readonly Rollup[];
  readonly ends: ProfileEnds;
}

/** A directory of the profile types, the profiles at the ends, then for each type its stack traces and sums. */
export function encodeRollups({ types, ends }: DatasetRollups, memory: Memory = heap): Uint8Array {
  const directory = new VarintWriter(memory);
  const sums = new VarintWriter(memory);
  directory.uint(types.length);
  for (const rollup of types) {
    const { value, rowCount } = rollup;
    const total = sumOf(value);
    const start = sums.finish().length;
    const unit = value.high ? 1 : greatestDivisor(value.low);
    writeSums(sums, rollup, unit);
    writeText(directory, rollup.profileType);
    directory.uint(rowCount);
    directory.wide(total.low);
    directory.wide(total.high);
    directory.uint(rollup.stacktrace.length);
    directory.wide(value.high ? 0 : unit);
    directory.uint(sums.finish().length - start);
  }
  writeMarked(directory, ends.head);
  writeMarked(directory, ends.tail);
  directory.bytes(sums.finish());
  return directory.finish();
}

/**
 * Decodes the rollups of some types, and no others.
 *
 * @returns them in the order of `profileTypes`; undefined when one of them is not there.
 * @throws {DataLossError} when the bytes are no such section, or sums do not add up.
 */
export function decodeRollups(
  bytes: Uint8Array,
  profileTypes: readonly string[],
): DatasetRollups | undefined {
  const reader = new VarintReader(bytes, SECTION);
  const entries = Array.from({ length: reader.count() }, () => readEntry(reader));
  const ends = { head: readMarked(reader), tail: readMarked(reader) };
  const parts = new Map(
    entries.map((entry) => [entry.profileType, { entry, part: reader.bytes(entry.sizeBytes) }]),
  );
  reader.end();
  const types: Rollup[] = [];
  for (const profileType of profileTypes) {
    const found = parts.get(profileType);
    if (!found) return undefined;
    types.push(readSums(found.part, found.entry));
  }
  return { types, ends };
}

interface DirectoryEntry {
  readonly profileType: string;
  readonly rowCount: number;
  readonly total: { readonly low: number; readonly high: number };
  /** Stack traces. */
  readonly count: number;
  /** What the low parts are multiples of; 0 when there are high parts. */
  readonly unit: number;
  readonly sizeBytes: number;
}

function readEntry(reader: VarintReader): DirectoryEntry {
  return {
    profileType: new TextDecoder().decode(reader.bytes(reader.uint())),
    rowCount: reader.uint(),
    total: { low: reader.wide(), high: reader.wide() },
    count: reader.uint(),
    unit: reader.wide(),
    sizeBytes: reader.uint(),
  };
}

function writeMarked(writer: VarintWriter, { startMs, endMs, marks }: MarkedProfiles): void {
  writer.wide(startMs);
  writer.wide(endMs);
  writer.uint(marks.length);
  for (let i = 0; i < marks.length; i++) writer.uint(marks[i]! - (marks[i - 1] ?? 0));
}

function readMarked(reader: VarintReader): MarkedProfiles {
  const startMs = reader.wide();
  const endMs = reader.wide();
  const marks = new Uint32Array(reader.count());
  for (let i = 0; i < marks.length; i++) marks[i] = (marks[i - 1] ?? 0) + reader.uint();
  return { startMs, endMs, marks };
}

/** Stack traces as steps from one to the next, then sums, column by column. */
function writeSums(writer: VarintWriter, { stacktrace, value }: Rollup, unit: number): void {
  for (let i = 0, last = 0; i < stacktrace.length; i++) {
    writer.uint(stacktrace[i]! - last);
    last = stacktrace[i]!;
  }
  const { low, high } = value;
  for (let i = 0; i < low.length; i++) writer.wide(low[i]! / unit);
  if (high) for (let i = 0; i < high.length; i++) writer.wide(high[i]!);
}

function readSums(bytes: Uint8Array, entry: DirectoryEntry): Rollup {
  const { profileType, rowCount, count, unit } = entry;
  // Each takes two bytes at least: so damage cannot ask for gigabytes.
  if (count * 2 > bytes.length)
    throw new DataLossError(`block: more entries than bytes: section=${SECTION} entries=${count}`);
  const reader = new VarintReader(bytes, SECTION);
  const stacktrace = new Uint32Array(count);
  for (let i = 0, last = 0; i < count; i++) {
    const step = reader.uint();
    last += step;
    if ((step === 0 && i > 0) || last > 0xffffffff)
      throw new DataLossError(`block: stack traces do not ascend: section=${SECTION} entry=${i}`);
    stacktrace[i] = last;
  }
  const low = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    low[i] = reader.wide() * (unit === 0 ? 1 : unit);
    if (low[i]! >= WORD) throw new DataLossError(`block: sum out of range: section=${SECTION} entry=${i}`);
  }
  const high = unit === 0 ? new Float64Array(count) : undefined;
  if (high) for (let i = 0; i < count; i++) high[i] = reader.wide();
  reader.end();
  const value = { low, high };
  const total = sumOf(value);
  if (total.low !== entry.total.low || total.high !== entry.total.high)
    throw new DataLossError(`block: sums do not add up: section=${SECTION} type=${profileType}`);
  return { profileType, rowCount, stacktrace, value };
}

function writeText(writer: VarintWriter, text: string): void {
  const bytes = new TextEncoder().encode(text);
  writer.uint(bytes.length);
  writer.bytes(bytes);
}

/** Of all values; 1 when there are none. Values of a CPU profile are multiples of its period. */
function greatestDivisor(values: Float64Array): number {
  let divisor = 0;
  for (let i = 0; i < values.length && divisor !== 1; i++) {
    for (let rest = values[i]!; rest !== 0;) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor === 0 ? 1 : divisor;
}
