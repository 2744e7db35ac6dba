import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import { WORD } from "@hearth/exact-integers";
import { VarintReader, VarintWriter } from "../codec/varint-columns.ts";
import { type Rollup, sumOf } from "../roll-up.ts";

const SECTION = "rollup";

/** A directory of the profile types, then for each of them its stack traces and sums. */
export function encodeRollups(rollups: readonly Rollup[], memory: Memory = heap): Uint8Array {
  const directory = new VarintWriter(memory);
  const sums = new VarintWriter(memory);
  directory.uint(rollups.length);
  for (const rollup of rollups) {
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
  directory.bytes(sums.finish());
  return directory.finish();
}

/**
 * Decodes the rollups of some types, and no others.
 *
 * @returns in the order of `profileTypes`; undefined when one of them is not there.
 * @throws {DataLossError} when the bytes are no such section, or sums do not add up.
 */
export function decodeRollups(bytes: Uint8Array, profileTypes: readonly string[]): Rollup[] | undefined {
  const reader = new VarintReader(bytes, SECTION);
  const entries = Array.from({ length: reader.count() }, () => readEntry(reader));
  const parts = new Map(
    entries.map((entry) => [entry.profileType, { entry, part: reader.bytes(entry.sizeBytes) }]),
  );
  reader.end();
  const rollups: Rollup[] = [];
  for (const profileType of profileTypes) {
    const found = parts.get(profileType);
    if (!found) return undefined;
    rollups.push(readSums(found.part, found.entry));
  }
  return rollups;
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
