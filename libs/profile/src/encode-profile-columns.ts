import { DataLossError } from "@hearth/errors";
import { WORD, type ExactColumn } from "@hearth/exact-integers";
import { checkSymbols, type Symbols } from "@hearth/symbols";
import { decodeSeries, encodeSeries } from "./encode-series.ts";
import type { ProfileColumns, RowColumns, SampleColumns } from "./profile-columns.ts";

/*
 * The form in which profile columns travel between threads and processes: little-endian, every column as it is in
 * memory, so that encoding is copying and decoding is laying views over the bytes.
 *
 *   u32 magic │ u32 number of columns │ u32 byte length of each │ padding to 8 │ column, padding to 8 │ column, …
 *
 * It is never stored: blocks have a format of their own.
 */

/** "HPC1" */
const MAGIC = 0x31435048;

type Column = Uint8Array | Uint32Array | Int32Array | Float64Array;

const NO_BYTES = new Uint8Array(0);
const NO_DOUBLES = new Float64Array(0);

/** Copies `columns` into one buffer, 8-byte aligned, which may be transferred to another thread. */
export function encodeProfileColumns(columns: ProfileColumns): Uint8Array<ArrayBuffer> {
  const parts = columnsOf(columns);
  const headerSize = align8(8 + parts.length * 4);
  const size = parts.reduce((end, part) => end + align8(part.byteLength), headerSize);
  const bytes = unfilled(size);
  const header = new Uint32Array(bytes.buffer, 0, 2 + parts.length);
  header[0] = MAGIC;
  header[1] = parts.length;
  bytes.fill(0, header.byteLength, headerSize);
  let at = headerSize;
  for (const [index, part] of parts.entries()) {
    header[2 + index] = part.byteLength;
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    const end = at + part.byteLength;
    at += align8(part.byteLength);
    bytes.fill(0, end, at);
  }
  return bytes;
}

/** Memory of its own that is not zero: it is overwritten at once. */
function unfilled(size: number): Uint8Array<ArrayBuffer> {
  const { buffer } = Buffer.allocUnsafeSlow(size);
  return new Uint8Array(buffer);
}

/**
 * Lays columns over `bytes` without copying (but for bytes that do not begin at a multiple of 8) and checks them
 * whole: after it every index is in range.
 *
 * @throws {DataLossError} naming what does not hold.
 */
export function decodeProfileColumns(bytes: Uint8Array): ProfileColumns {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const reader = new ColumnReader(aligned);
  const series = decodeSeries(reader.bytes());
  const rows = readRows(reader);
  const samples = readSamples(reader);
  const symbols = readSymbols(reader);
  reader.end();
  const columns = { series, rows, samples, symbols };
  checkSymbols(symbols);
  checkRows(columns);
  checkSamples(columns);
  return columns;
}

/** Every column in the order of the encoding; the readers below follow it. */
function columnsOf({ series, rows, samples, symbols }: ProfileColumns): readonly Column[] {
  const { strings, mappings, functions, locations, lines, stacktraces } = symbols;
  return [
    encodeSeries(series),
    rows.series,
    rows.timeMs,
    rows.timeRestNanos,
    rows.profileId,
    rows.total.low,
    rows.total.high ?? NO_DOUBLES,
    rows.firstSample,
    rows.period,
    rows.durationNanos,
    samples.stacktrace,
    samples.value.low,
    samples.value.high ?? NO_DOUBLES,
    samples.spanId ?? NO_BYTES,
    samples.traceId ?? NO_BYTES,
    strings.bytes,
    strings.offsets,
    mappings.startLow,
    mappings.startHigh,
    mappings.limitLow,
    mappings.limitHigh,
    mappings.offsetLow,
    mappings.offsetHigh,
    mappings.filename,
    mappings.buildId,
    mappings.flags,
    functions.name,
    functions.systemName,
    functions.filename,
    functions.startLine,
    locations.mapping,
    locations.addressLow,
    locations.addressHigh,
    locations.firstLine,
    locations.isFolded,
    lines.functionIndex,
    lines.line,
    stacktraces.parent,
    stacktraces.location,
  ];
}

function readRows(reader: ColumnReader): RowColumns {
  const series = reader.uint32();
  return {
    count: series.length,
    series,
    timeMs: reader.float64(),
    timeRestNanos: reader.uint32(),
    profileId: reader.bytes(),
    total: reader.exact(),
    firstSample: reader.uint32(),
    period: reader.float64(),
    durationNanos: reader.float64(),
  };
}

function readSamples(reader: ColumnReader): SampleColumns {
  const stacktrace = reader.uint32();
  return {
    count: stacktrace.length,
    stacktrace,
    value: reader.exact(),
    spanId: reader.optionalBytes(),
    traceId: reader.optionalBytes(),
  };
}

function readSymbols(reader: ColumnReader): Symbols {
  return {
    strings: { bytes: reader.bytes(), offsets: reader.uint32() },
    mappings: {
      startLow: reader.uint32(),
      startHigh: reader.uint32(),
      limitLow: reader.uint32(),
      limitHigh: reader.uint32(),
      offsetLow: reader.uint32(),
      offsetHigh: reader.uint32(),
      filename: reader.uint32(),
      buildId: reader.uint32(),
      flags: reader.bytes(),
    },
    functions: {
      name: reader.uint32(),
      systemName: reader.uint32(),
      filename: reader.uint32(),
      startLine: reader.int32(),
    },
    locations: {
      mapping: reader.uint32(),
      addressLow: reader.uint32(),
      addressHigh: reader.uint32(),
      firstLine: reader.uint32(),
      isFolded: reader.bytes(),
    },
    lines: { functionIndex: reader.uint32(), line: reader.int32() },
    stacktraces: { parent: reader.uint32(), location: reader.uint32() },
  };
}

function checkRows({ series, rows, samples }: ProfileColumns): void {
  const { count } = rows;
  checkLength("rows.time_ms", rows.timeMs.length, count);
  checkIntegers("rows.time_ms", rows.timeMs, WORD);
  checkLength("rows.time_rest_nanos", rows.timeRestNanos.length, count);
  checkLength("rows.profile_id", rows.profileId.length, count * 16);
  checkExact("rows.total", rows.total, count);
  checkLength("rows.period", rows.period.length, count);
  checkIntegers("rows.period", rows.period, 2 ** 64);
  checkLength("rows.duration_nanos", rows.durationNanos.length, count);
  checkIntegers("rows.duration_nanos", rows.durationNanos, 2 ** 64);
  checkLength("rows.first_sample", rows.firstSample.length, count + 1);
  checkLength("rows.first_sample", rows.firstSample[count]!, samples.count);
  for (let row = 0; row < count; row++) {
    if (rows.series[row]! >= series.length)
      throw new DataLossError(`profile columns: no such series: row=${row}`);
    if (rows.firstSample[row]! > rows.firstSample[row + 1]!) {
      throw new DataLossError(`profile columns: samples end before they begin: row=${row}`);
    }
  }
}

function checkSamples({ samples, symbols }: ProfileColumns): void {
  checkExact("samples.value", samples.value, samples.count);
  if (samples.spanId) checkLength("samples.span_id", samples.spanId.length, samples.count * 8);
  if (samples.traceId) checkLength("samples.trace_id", samples.traceId.length, samples.count * 16);
  const stacktraceCount = symbols.stacktraces.parent.length;
  for (let i = 0; i < samples.count; i++) {
    if (samples.stacktrace[i]! >= stacktraceCount) {
      throw new DataLossError(`profile columns: no such stack trace: sample=${i}`);
    }
  }
}

function checkExact(name: string, column: ExactColumn, count: number): void {
  checkLength(name, column.low.length, count);
  checkIntegers(name, column.low, WORD);
  if (column.high === undefined) return;
  checkLength(name, column.high.length, count);
  checkIntegers(name, column.high, 2 ** 12);
}

/** Each a whole number, `0 <= value < bound`. */
function checkIntegers(name: string, column: Float64Array, bound: number): void {
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!;
    if (!(value >= 0 && value < bound && Math.floor(value) === value)) {
      throw new DataLossError(
        `profile columns: value out of range: column=${name} index=${i} value=${value}`,
      );
    }
  }
}

function checkLength(name: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new DataLossError(
      `profile columns: length differs: column=${name} actual=${actual} expected=${expected}`,
    );
  }
}

/** Hands out the columns one after another. */
export class ColumnReader {
  readonly #bytes: Uint8Array;
  readonly #lengths: Uint32Array;
  #column = 0;
  #at: number;

  constructor(bytes: Uint8Array) {
    if (bytes.length < 8) throw new DataLossError(`profile columns: too short: size_bytes=${bytes.length}`);
    const [magic, count] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
    if (magic !== MAGIC || 8 + count! * 4 > bytes.length)
      throw new DataLossError("profile columns: bad header");
    this.#bytes = bytes;
    this.#lengths = new Uint32Array(bytes.buffer, bytes.byteOffset + 8, count);
    this.#at = align8(8 + count! * 4);
  }

  bytes(): Uint8Array {
    const { offset, length } = this.#next(1);
    return new Uint8Array(this.#bytes.buffer, offset, length);
  }

  optionalBytes(): Uint8Array | undefined {
    const bytes = this.bytes();
    return bytes.length === 0 ? undefined : bytes;
  }

  uint32(): Uint32Array {
    const { offset, length } = this.#next(4);
    return new Uint32Array(this.#bytes.buffer, offset, length);
  }

  int32(): Int32Array {
    const { offset, length } = this.#next(4);
    return new Int32Array(this.#bytes.buffer, offset, length);
  }

  float64(): Float64Array {
    const { offset, length } = this.#next(8);
    return new Float64Array(this.#bytes.buffer, offset, length);
  }

  exact(): ExactColumn {
    const low = this.float64();
    const high = this.float64();
    return { low, high: high.length === 0 ? undefined : high };
  }

  end(): void {
    if (this.#column !== this.#lengths.length)
      throw new DataLossError("profile columns: more columns than known");
  }

  #next(elementSize: number): { offset: number; length: number } {
    const byteLength = this.#lengths[this.#column++];
    if (
      byteLength === undefined ||
      byteLength % elementSize !== 0 ||
      this.#at + byteLength > this.#bytes.length
    ) {
      throw new DataLossError(`profile columns: bad column: index=${this.#column - 1}`);
    }
    const offset = this.#bytes.byteOffset + this.#at;
    this.#at += align8(byteLength);
    return { offset, length: byteLength / elementSize };
  }
}

function align8(size: number): number {
  return (size + 7) & ~7;
}
