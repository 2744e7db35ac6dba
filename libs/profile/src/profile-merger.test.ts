import { describe, expect, it } from "@jest/globals";
import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import { stringAt, StringInterner, type Symbols } from "@hearth/symbols";
import fc from "fast-check";
import { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
import type { ProfileColumns } from "./profile-columns.ts";
import { ProfileMerger } from "./profile-merger.ts";

/** A row as plain data: the slow, obvious model. */
interface Row {
  readonly pod: string;
  readonly timeMs: number;
  readonly id: number;
  /** Value by stack, frames root first, joined with ";". */
  readonly samples: readonly (readonly [stack: string, value: bigint])[];
}

function columnsOf(rows: readonly Row[]): ProfileColumns {
  const pods = [...new Set(rows.map((row) => row.pod))];
  const stacks = [...new Set(rows.flatMap((row) => row.samples.map(([stack]) => stack)))];
  const samples = rows.flatMap((row) => row.samples);
  return {
    series: pods.map((pod, index) => ({ labels: [{ name: "pod", value: pod }], fingerprint: BigInt(index) })),
    rows: {
      count: rows.length,
      series: Uint32Array.from(rows, (row) => pods.indexOf(row.pod)),
      timeMs: Float64Array.from(rows, (row) => row.timeMs),
      timeRestNanos: new Uint32Array(rows.length),
      profileId: Uint8Array.from(rows.flatMap((row) => [...Array<number>(15).fill(0), row.id])),
      total: exactColumnFromBigInts(
        rows.map((row) => row.samples.reduce((sum, [, value]) => sum + value, 0n)),
      ),
      firstSample: Uint32Array.from(
        rows.reduce((ends, row) => [...ends, ends.at(-1)! + row.samples.length], [0]),
      ),
      period: new Float64Array(rows.length),
      durationNanos: new Float64Array(rows.length),
    },
    samples: {
      count: samples.length,
      stacktrace: Uint32Array.from(samples, ([stack]) => stacks.indexOf(stack) + 1),
      value: exactColumnFromBigInts(samples.map(([, value]) => value)),
      spanId: undefined,
      traceId: undefined,
    },
    symbols: flatSymbols(stacks),
  };
}

/** One location, function and stack trace for each name. */
function flatSymbols(names: readonly string[]): Symbols {
  const strings = new StringInterner();
  const zeros = (count: number): Uint32Array => new Uint32Array(count);
  const count = names.length + 1;
  const ordinal = Uint32Array.from({ length: count }, (_, index) => index);
  return {
    functions: {
      name: Uint32Array.of(0, ...names.map((name) => strings.internString(name))),
      systemName: zeros(count),
      filename: zeros(count),
      startLine: new Int32Array(count),
    },
    mappings: {
      startLow: zeros(1),
      startHigh: zeros(1),
      limitLow: zeros(1),
      limitHigh: zeros(1),
      offsetLow: zeros(1),
      offsetHigh: zeros(1),
      filename: zeros(1),
      buildId: zeros(1),
      flags: new Uint8Array(1),
    },
    locations: {
      mapping: zeros(count),
      addressLow: zeros(count),
      addressHigh: zeros(count),
      firstLine: Uint32Array.of(0, ...ordinal),
      isFolded: new Uint8Array(count),
    },
    lines: { functionIndex: ordinal.slice(1), line: new Int32Array(names.length) },
    stacktraces: { parent: zeros(count), location: ordinal },
    strings: strings.build(),
  };
}

function rowsOf({ series, rows, samples, symbols }: ProfileColumns): Row[] {
  const stackOf = (stacktrace: number): string =>
    stringAt(symbols.strings, symbols.functions.name[stacktrace]!);
  return Array.from({ length: rows.count }, (_, row) => ({
    pod: series[rows.series[row]!]!.labels[0]!.value,
    timeMs: rows.timeMs[row]!,
    id: rows.profileId[row * 16 + 15]!,
    samples: Array.from({ length: rows.firstSample[row + 1]! - rows.firstSample[row]! }, (_, i) => {
      const sample = rows.firstSample[row]! + i;
      return [stackOf(samples.stacktrace[sample]!), exactToBigInt(samples.value, sample)] as const;
    }),
  }));
}

const identity = (row: Row): string => `${row.pod}/${row.timeMs}/${row.id}`;

/** Sorted, repeats dropped, samples by stack: what a merge must hold. */
function model(rows: readonly Row[]): Row[] {
  const distinct = rows.filter(
    (row, index) => rows.findIndex((other) => identity(other) === identity(row)) === index,
  );
  return normalised(distinct).sort((a, b) =>
    a.pod === b.pod ? a.timeMs - b.timeMs || a.id - b.id : a.pod < b.pod ? -1 : 1,
  );
}

const normalised = (rows: readonly Row[]): Row[] =>
  rows.map((row) => ({ ...row, samples: row.samples.toSorted(([a], [b]) => (a < b ? -1 : 1)) }));

const anyRow: fc.Arbitrary<Row> = fc.record({
  pod: fc.constantFrom("a", "b", "ü"),
  timeMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_003 }),
  id: fc.integer({ min: 0, max: 3 }),
  samples: fc.uniqueArray(
    fc.tuple(fc.constantFrom("f", "g", "h", "日本"), fc.bigInt({ min: 1n, max: 2n ** 60n })),
    {
      selector: ([stack]) => stack,
    },
  ),
});

describe("ProfileMerger", () => {
  it("keeps every distinct row with its samples, once, in order", () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyRow, { maxLength: 5 }), { maxLength: 5 }), (batches) => {
        const merger = new ProfileMerger();
        for (const rows of batches) merger.add(columnsOf(rows));
        const merged = merger.build();
        expect(normalised(rowsOf(merged))).toEqual(model(batches.flat()));
        expect(merger.droppedRows).toBe(batches.flat().length - merged.rows.count);
      }),
    );
  });

  it("sorts the samples of a row by stack trace", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1 }), (rows) => {
        const merger = new ProfileMerger();
        for (const row of rows) merger.add(columnsOf([row]));
        const { rows: merged, samples } = merger.build();
        for (let row = 0; row < merged.count; row++) {
          const own = [...samples.stacktrace.subarray(merged.firstSample[row], merged.firstSample[row + 1])];
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});

describe("encoded profile columns", () => {
  it("come back as they went in, at any alignment", () => {
    fc.assert(
      fc.property(fc.array(anyRow), fc.integer({ min: 0, max: 8 }), (rows, shift) => {
        const bytes = encodeProfileColumns(columnsOf(rows));
        const shifted = new Uint8Array(bytes.length + shift);
        shifted.set(bytes, shift);
        expect(rowsOf(decodeProfileColumns(shifted.subarray(shift)))).toEqual(rows);
      }),
    );
  });

  it("are refused, never misread past their end, when bytes are cut or changed", () => {
    const bytes = encodeProfileColumns(
      columnsOf([
        {
          pod: "a",
          timeMs: 1_700_000_000_000,
          id: 1,
          samples: [
            ["f", 1n],
            ["g", 2n],
          ],
        },
      ]),
    );
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(bytes.length - 1),
        (at, flip, length) => {
          const changed = bytes.slice();
          changed[at]! ^= flip;
          const outcomes = [changed, bytes.slice(0, length)].map((broken) =>
            attempt(() => rowsOf(decodeProfileColumns(broken))),
          );
          expect(outcomes).toEqual([
            expect.stringMatching(/^(read|DataLossError)$/),
            expect.stringMatching(/^(read|DataLossError)$/),
          ]);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function attempt(read: () => unknown): string {
  try {
    read();
    return "read";
  } catch (error) {
    return (error as Error).name;
  }
}
