import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import type { ProfileColumns } from "@hearth/profile";
import { hashBytes, PairInterner, stringAt, StringInterner, type Symbols } from "@hearth/symbols";

/** A row of profile columns as a person would write it down. */
export interface RowSketch {
  readonly labels: Readonly<Record<string, string>>;
  readonly timeMs: number;
  readonly timeRestNanos?: number;
  /** The last byte of the profile id; the others are zero. */
  readonly id: number;
  readonly samples: readonly SampleOfRow[];
}

/** Function names root first, joined with ";"; an inlined call is `outer+inlined`; `0x…` is a frame without symbols. */
export type SampleOfRow = readonly [stack: string, value: bigint, spanId?: number];

/** Profile columns of the rows, in their order. Two rows with equal labels are of one series. */
export function buildProfileColumns(rows: readonly RowSketch[]): ProfileColumns {
  const keys = rows.map((row) => JSON.stringify(row.labels));
  const distinct = [...new Set(keys)];
  const samples = rows.flatMap((row) => row.samples);
  const { symbols, stacktraces } = buildSymbols(samples.map(([stack]) => stack));
  return {
    series: distinct.map((key) => ({
      labels: Object.entries(JSON.parse(key) as Record<string, string>).map(([name, value]) => ({
        name,
        value,
      })),
      fingerprint: fingerprintOf(key),
    })),
    rows: {
      count: rows.length,
      series: Uint32Array.from(keys, (key) => distinct.indexOf(key)),
      timeMs: Float64Array.from(rows, (row) => row.timeMs),
      timeRestNanos: Uint32Array.from(rows, (row) => row.timeRestNanos ?? 0),
      profileId: Uint8Array.from(rows.flatMap((row) => [...Array<number>(15).fill(0), row.id])),
      total: exactColumnFromBigInts(
        rows.map((row) => row.samples.reduce((sum, [, value]) => sum + value, 0n)),
      ),
      firstSample: firstSamples(rows),
      period: new Float64Array(rows.length).fill(1),
      durationNanos: new Float64Array(rows.length).fill(15e9),
    },
    samples: {
      count: samples.length,
      stacktrace: Uint32Array.from(stacktraces),
      value: exactColumnFromBigInts(samples.map(([, value]) => value)),
      spanId: samples.some(([, , spanId]) => spanId)
        ? Uint8Array.from(samples.flatMap(([, , spanId]) => [spanId ?? 0, 0, 0, 0, 0, 0, 0, 0]))
        : undefined,
      traceId: undefined,
    },
    symbols,
  };
}

/** The rows of profile columns, in their order: the inverse of {@link buildProfileColumns}. */
export function sketchRows({ series, rows, samples, symbols }: ProfileColumns): RowSketch[] {
  return Array.from({ length: rows.count }, (_, row) => ({
    labels: Object.fromEntries(series[rows.series[row]!]!.labels.map(({ name, value }) => [name, value])),
    timeMs: rows.timeMs[row]!,
    timeRestNanos: rows.timeRestNanos[row]!,
    id: rows.profileId[row * 16 + 15]!,
    samples: Array.from(
      { length: rows.firstSample[row + 1]! - rows.firstSample[row]! },
      (_, i): SampleOfRow => {
        const sample = rows.firstSample[row]! + i;
        const stack = stackOf(symbols, samples.stacktrace[sample]!);
        const spanId = samples.spanId?.[sample * 8] ?? 0;
        const value = exactToBigInt(samples.value, sample);
        return spanId === 0 ? [stack, value] : [stack, value, spanId];
      },
    ),
  }));
}

/** A stack trace in the form of {@link SampleOfRow}. */
export function stackOf(symbols: Symbols, stacktrace: number): string {
  const frames: string[] = [];
  for (let at = stacktrace; at !== 0; at = symbols.stacktraces.parent[at]!) {
    frames.unshift(frameOf(symbols, symbols.stacktraces.location[at]!));
  }
  return frames.join(";");
}

function frameOf({ locations, lines, functions, strings }: Symbols, location: number): string {
  const names: string[] = [];
  for (let i = locations.firstLine[location]!; i < locations.firstLine[location + 1]!; i++) {
    names.unshift(stringAt(strings, functions.name[lines.functionIndex[i]!]!));
  }
  return names.length === 0 ? `0x${locations.addressLow[location]!.toString(16)}` : names.join("+");
}

/** Symbols of stacks in the form of {@link SampleOfRow}, a location per distinct frame, all in one mapping. */
export function buildSymbols(stacks: readonly string[]): { symbols: Symbols; stacktraces: number[] } {
  const frames = [...new Set(stacks.flatMap(framesOf))];
  const calls = frames.map((frame) => (frame.startsWith("0x") ? [] : frame.split("+").toReversed()));
  const names = [...new Set(calls.flat())];
  const strings = new StringInterner();
  const file = strings.internString("/srv/main.go");
  const pairs = new PairInterner();
  pairs.intern(0, 0);
  const stacktraces = stacks.map((stack) =>
    framesOf(stack).reduce((at, frame) => pairs.intern(at, frames.indexOf(frame) + 1), 0),
  );
  return {
    stacktraces,
    symbols: {
      functions: {
        name: Uint32Array.of(0, ...names.map((name) => strings.internString(name))),
        systemName: Uint32Array.of(0, ...names.map((name) => strings.internString(name))),
        filename: new Uint32Array(names.length + 1).fill(file, 1),
        startLine: new Int32Array(names.length + 1).fill(3, 1),
      },
      mappings: oneMapping(strings.internString("/usr/bin/app"), strings.internString("ab12")),
      locations: {
        mapping: new Uint32Array(frames.length + 1).fill(1, 1),
        addressLow: Uint32Array.of(
          0,
          ...frames.map((frame, i) => (frame.startsWith("0x") ? Number(frame) : 4096 - i)),
        ),
        addressHigh: new Uint32Array(frames.length + 1),
        firstLine: Uint32Array.from(
          calls.reduce((ends, call) => [...ends, ends.at(-1)! + call.length], [0, 0]),
        ),
        isFolded: new Uint8Array(frames.length + 1),
      },
      lines: {
        functionIndex: Uint32Array.from(calls.flat(), (name) => names.indexOf(name) + 1),
        line: Int32Array.from(calls.flat(), (_, i) => 10 + i),
      },
      stacktraces: {
        parent: pairs.first.slice(0, pairs.count),
        location: pairs.second.slice(0, pairs.count),
      },
      strings: strings.build(),
    },
  };
}

/** Any hash will do, as long as equal labels have equal fingerprints. */
function fingerprintOf(key: string): bigint {
  const bytes = new TextEncoder().encode(key);
  return BigInt(hashBytes(bytes, 0, bytes.length) >>> 0);
}

function framesOf(stack: string): string[] {
  return stack === "" ? [] : stack.split(";");
}

function firstSamples(rows: readonly RowSketch[]): Uint32Array {
  const first = new Uint32Array(rows.length + 1);
  for (const [index, row] of rows.entries()) first[index + 1] = first[index]! + row.samples.length;
  return first;
}

function oneMapping(filename: number, buildId: number): Symbols["mappings"] {
  return {
    startLow: Uint32Array.of(0, 0x400000),
    startHigh: new Uint32Array(2),
    limitLow: Uint32Array.of(0, 0x500000),
    limitHigh: Uint32Array.of(0, 1),
    offsetLow: new Uint32Array(2),
    offsetHigh: new Uint32Array(2),
    filename: Uint32Array.of(0, filename),
    buildId: Uint32Array.of(0, buildId),
    flags: Uint8Array.of(0, 7),
  };
}
