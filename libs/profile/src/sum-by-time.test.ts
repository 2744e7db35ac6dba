import { describe, expect, it } from "@jest/globals";
import { exactToBigInt } from "@hearth/exact-integers";
import { buildProfileColumns, sketchRows, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
import type { ProfileColumns } from "./profile-columns.ts";
import { ProfileMerger } from "./profile-merger.ts";
import { sumRowsByTime } from "./sum-by-time.ts";

const START = 1_700_000_000_000;
const FINE = 5;
const COARSE = 20;

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({ pod: fc.constantFrom("a", "b", "ü") }),
  timeMs: fc.integer({ min: START - 3, max: START + 45 }),
  timeRestNanos: fc.nat(2),
  id: fc.nat(3),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("f", "f;g", "h", "h;0x7f", ""),
      fc.oneof(fc.bigInt({ min: 1n, max: 9n }), fc.bigInt({ min: 2n ** 51n, max: 2n ** 56n })),
      fc.nat(2),
    ),
    { selector: ([stack, , span]) => `${stack}/${span}` },
  ),
});
const identityOf = ({ labels, timeMs, timeRestNanos, id }: RowSketch): string =>
  JSON.stringify([labels, timeMs, timeRestNanos, id]);
const anyRows = fc.uniqueArray(anyRow, { selector: identityOf, maxLength: 30 });

function columnsOf(rows: readonly RowSketch[]): ProfileColumns {
  const merger = new ProfileMerger();
  merger.add(buildProfileColumns(rows));
  return merger.build();
}

interface Sum {
  readonly pod: string;
  time: [ms: number, nanos: number];
  total: bigint;
  rows: number;
  samples: Record<string, bigint>;
}

/** What must come out, in the order of the rows. */
function model(rows: readonly RowSketch[], resolutionMs: number): Sum[] {
  const sums: Record<string, Sum> = {};
  for (const { labels, timeMs, timeRestNanos = 0, samples } of rows) {
    const pod = labels["pod"]!;
    const sum = (sums[`${pod}/${Math.floor(timeMs / resolutionMs)}`] ??= {
      pod,
      time: [0, 0],
      total: 0n,
      rows: 0,
      samples: {},
    });
    if (timeMs > sum.time[0] || (timeMs === sum.time[0] && timeRestNanos > sum.time[1]))
      sum.time = [timeMs, timeRestNanos];
    sum.rows++;
    for (const [stack, value] of samples) {
      sum.total += value;
      sum.samples[stack] = (sum.samples[stack] ?? 0n) + value;
    }
  }
  return Object.values(sums).sort((a, b) =>
    a.pod === b.pod ? a.time[0] - b.time[0] : a.pod < b.pod ? -1 : 1,
  );
}

/** The same of columns: rows are counted by their durations, of which each has 15 seconds. */
function read(columns: ProfileColumns): Sum[] {
  return sketchRows(columns).map(({ labels, timeMs, timeRestNanos, samples }, row) => ({
    pod: labels["pod"]!,
    time: [timeMs, timeRestNanos!],
    total: exactToBigInt(columns.rows.total, row),
    rows: columns.rows.durationNanos[row]! / 15e9,
    samples: Object.fromEntries(samples.map(([stack, value]) => [stack, value])),
  }));
}

const idAt = ({ rows }: ProfileColumns, row: number): string =>
  Buffer.from(rows.profileId.subarray(16 * row, 16 * row + 16)).toString("hex");

describe("sumRowsByTime", () => {
  it("has one row for each series and bucket, with the exact sum of each stack trace and the time of the latest", () => {
    fc.assert(
      fc.property(anyRows, fc.constantFrom(1, FINE, COARSE, 1e6), (rows, resolutionMs) => {
        const summed = sumRowsByTime(columnsOf(rows), resolutionMs);
        // Whole, as anybody who decodes it will check.
        decodeProfileColumns(encodeProfileColumns(summed));
        expect(read(summed)).toEqual(model(rows, resolutionMs));
      }),
    );
  });

  it("has the samples of a row in ascending order, each stack trace once, without spans and traces", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const { rows: summed, samples } = sumRowsByTime(columnsOf(rows), FINE);
        expect([samples.spanId, samples.traceId]).toEqual([undefined, undefined]);
        for (let row = 0; row < summed.count; row++) {
          const own = [...samples.stacktrace.subarray(summed.firstSample[row], summed.firstSample[row + 1])];
          expect(own).toEqual([...new Set(own)].sort((a, b) => a - b));
        }
      }),
    );
  });

  it("changes nothing of what is summed", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const once = sumRowsByTime(columnsOf(rows), FINE);
        expect(sumRowsByTime(once, FINE)).toEqual(once);
      }),
    );
  });

  it("is the same at once as by way of a finer resolution, ids apart", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const fine = sumRowsByTime(columnsOf(rows), FINE);
        expect(read(sumRowsByTime(fine, COARSE))).toEqual(read(sumRowsByTime(columnsOf(rows), COARSE)));
      }),
    );
  });

  it("does not depend on the order of the rows, and leaves the id of a single one", () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        const columns = columnsOf(rows);
        const there = sumRowsByTime(columns, FINE);
        const back = sumRowsByTime(columnsOf(rows.toReversed()), FINE);
        expect(back.rows.profileId).toEqual(there.rows.profileId);
        const own = new Set(Array.from({ length: columns.rows.count }, (_, row) => idAt(columns, row)));
        const kept = read(there).map(({ rows: count }, row) => count > 1 || own.has(idAt(there, row)));
        expect(kept).not.toContain(false);
      }),
    );
  });

  it("gives sums of other rows other ids", () => {
    const row = (id: number): RowSketch => ({
      labels: { pod: "a" },
      timeMs: START,
      id,
      samples: [["f", 1n]],
    });
    const ids = [[1], [2], [1, 2], [1, 3], [1, 2, 3]].map((rows) =>
      idAt(sumRowsByTime(columnsOf(rows.map(row)), FINE), 0),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("keeps the largest period", () => {
    const columns = columnsOf(
      [1, 2, 3].map((id) => ({ labels: { pod: "a" }, timeMs: START, id, samples: [["f", 1n]] })),
    );
    const rows = { ...columns.rows, period: Float64Array.of(5, 7, 6) };
    expect([...sumRowsByTime({ ...columns, rows }, FINE).rows.period]).toEqual([7]);
  });

  it("drops the span of a row that is alone in its bucket", () => {
    const columns = columnsOf([
      {
        labels: { pod: "a" },
        timeMs: START,
        id: 1,
        samples: [
          ["f", 1n, 5],
          ["f", 2n, 6],
        ],
      },
    ]);
    expect(sketchRows(sumRowsByTime(columns, FINE))).toMatchObject([{ id: 1, samples: [["f", 3n]] }]);
  });
});
