import { DataLossError } from "@hearth/errors";
import { exactColumnFromBigInts, exactToBigInt } from "@hearth/exact-integers";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  expandSamples,
  type SampleSharing,
  shareSamples,
  type StoredSamples,
  storedSamples,
} from "./shared-samples.ts";

/** Stack traces with their values, and a span where there are any. */
type Row = readonly (readonly [stacktrace: number, value: bigint, span?: number])[];

type Rows = Pick<RowColumns, "count" | "firstSample">;

function columnsOf(all: readonly Row[]): { rows: RowColumns; samples: SampleColumns } {
  const samples = all.flat();
  let first = 0;
  const firstSample = Uint32Array.from([0, ...all.map((row) => (first += row.length))]);
  const hasSpans = samples.some(([, , span]) => span !== undefined);
  const ids = (width: number): Uint8Array =>
    Uint8Array.from(samples.flatMap(([, , span]) => [...Array<number>(width - 1).fill(0), span ?? 0]));
  return {
    rows: { count: all.length, firstSample } as RowColumns,
    samples: {
      count: samples.length,
      stacktrace: Uint32Array.from(samples, ([stacktrace]) => stacktrace),
      value: exactColumnFromBigInts(samples.map(([, value]) => value)),
      spanId: hasSpans ? ids(8) : undefined,
      traceId: hasSpans ? ids(16) : undefined,
    },
  };
}

function rowsOf({ count, firstSample }: Rows, samples: SampleColumns): Row[] {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: firstSample[row + 1]! - firstSample[row]! }, (_, i) => {
      const at = firstSample[row]! + i;
      const value = exactToBigInt(samples.value, at);
      if (!samples.spanId) return [samples.stacktrace[at]!, value] as const;
      expect(samples.traceId![at * 16 + 15]).toBe(samples.spanId[at * 8 + 7]);
      return [samples.stacktrace[at]!, value, samples.spanId[at * 8 + 7]!] as const;
    }),
  );
}

function share(all: readonly Row[]): { rows: Rows; sharing: SampleSharing; stored: StoredSamples } {
  const { rows, samples } = columnsOf(all);
  const sharing = shareSamples(rows, samples);
  return { rows, sharing, stored: storedSamples(rows, samples, sharing) };
}

function expand({ rows, sharing, stored }: ReturnType<typeof share>): Row[] {
  const stacktrace = expandSamples(rows, stored, sharing);
  return rowsOf(rows, { ...stored, count: stacktrace.length, stacktrace });
}

const stacks = fc.constantFrom<readonly number[]>([], [1], [1, 2, 3], [1, 2, 4], [7, 2, 2 ** 32 - 1], [2]);
const counts = fc.constantFrom<readonly bigint[]>(
  [1n, 1n, 1n],
  [1n, 2n, 3n],
  [5n, 10n, 5n],
  [2n ** 61n, 1n, 3n],
  [2n ** 52n, 2n ** 52n, 2n ** 53n],
);
const unit = fc.constantFrom(1n, 2n, 3n, 10_000_000n, 2n ** 40n);
/** Rows that are like others in nothing, in stack traces, or in values, too. */
const anyRow = fc
  .tuple(stacks, counts, unit, fc.option(fc.nat(2), { nil: undefined }))
  .map(([stack, values, by, span]): Row =>
    stack.map((number, i) =>
      span === undefined
        ? [number, (values[i]! * by) % 2n ** 63n || 1n]
        : [number, (values[i]! * by) % 2n ** 63n || 1n, span],
    ),
  );

/** A profile of 10 ms a sample: how often, and how long. */
const often: Row = [
  [3, 2n],
  [5, 7n],
  [9, 1n],
];
const long: Row = often.map(([stacktrace, value]) => [stacktrace, value * 10_000_000n]);

describe("samples that rows share", () => {
  it("come back as they were, whatever rows have in common", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 12 }), (all) => {
        const { samples } = columnsOf(all);
        const want = samples.spanId
          ? all.map((row) => row.map(([stack, value, span]) => [stack, value, span ?? 0]))
          : all;
        expect(expand(share(all))).toEqual(want);
      }),
    );
  });

  it("are zeros where a sample type is a multiple of another", () => {
    const { sharing, stored } = share([long, often]);
    expect(sharing).toEqual({
      like: Int32Array.of(0, 1),
      likeValues: Int32Array.of(0, 1),
      unit: Float64Array.of(1e7, 1),
    });
    expect(stored.stacktraceDelta).toEqual(Int32Array.of(3, 2, 4, 0, 0, 0));
    expect(stored.value.low).toEqual(Float64Array.of(2, 7, 1, 0, 0, 0));
  });

  it.each<{
    name: string;
    rows: readonly Row[];
    like: readonly number[];
    likeValues: readonly number[];
    unit: readonly number[];
  }>([
    {
      name: "nothing",
      rows: [
        often,
        [
          [3, 2n],
          [5, 7n],
        ],
      ],
      like: [0, 0],
      likeValues: [0, 0],
      unit: [1, 1],
    },
    {
      name: "stack traces alone",
      rows: [
        often,
        [
          [3, 8n],
          [5, 24n],
          [9, 16n],
        ],
      ],
      like: [0, 1],
      likeValues: [0, 0],
      unit: [1, 8],
    },
    {
      name: "the same values in other stack traces",
      rows: [
        often,
        [
          [4, 2n],
          [5, 7n],
          [9, 1n],
        ],
      ],
      like: [0, 0],
      likeValues: [0, 0],
      unit: [1, 1],
    },
    {
      name: "what a row has that is not beside them",
      rows: [often, [[3, 1n]], long, [[3, 6n]]],
      like: [0, 0, 2, 2],
      likeValues: [0, 0, 1, 1],
      unit: [1, 1, 1e7, 6],
    },
    {
      name: "spans that differ",
      rows: [[[3, 1n, 1]], [[3, 1n, 2]], [[3, 4n, 1]]],
      like: [0, 0, 2],
      likeValues: [0, 0, 1],
      unit: [1, 1, 4],
    },
    {
      name: "values beyond 2^52, which have no unit",
      rows: [[[3, 2n ** 53n]], [[3, 2n ** 53n]]],
      like: [0, 1],
      likeValues: [0, 0],
      unit: [1, 1],
    },
    { name: "rows without samples", rows: [[], []], like: [0, 0], likeValues: [0, 0], unit: [1, 1] },
  ])("are found: $name", ({ rows, like, likeValues, unit }) => {
    const { sharing } = share(rows);
    const orAbsent = (values: readonly number[], none: number): readonly number[] | undefined =>
      values.every((value) => value === none) ? undefined : values;
    const found = Object.fromEntries(
      Object.entries(sharing).map(([name, column]: [string, Iterable<number> | undefined]) => [
        name,
        column && [...column],
      ]),
    );
    expect(found).toEqual({
      like: orAbsent(like, 0),
      likeValues: orAbsent(likeValues, 0),
      unit: orAbsent(unit, 1),
    });
  });

  it("leave the columns that they were made from as they were", () => {
    const { rows, samples } = columnsOf([long, often]);
    storedSamples(rows, samples, shareSamples(rows, samples));
    expect(rowsOf(rows, samples)).toEqual([long, often]);
  });

  it.each([
    { name: "a row before the first", like: [0, 2] },
    { name: "a row after it", like: [0, -1] },
    { name: "a row of another length", like: [0, 0, 1] },
  ])("are refused when they are those of $name", ({ like }) => {
    const all = [long, often, [[3, 1n] as const]].slice(0, like.length);
    const { rows, stored } = share(all);
    const sharing = { like: Int32Array.from(like), likeValues: undefined, unit: undefined };
    expect(() => expandSamples(rows, stored, sharing)).toThrow(DataLossError);
  });
});
