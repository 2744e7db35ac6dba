import { describe, expect, it } from "@jest/globals";
import { buildProfileColumns, sketchRows, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
import { ProfileMerger } from "./profile-merger.ts";

const podOf = (row: RowSketch): string => row.labels["pod"] ?? "";
const timeOf = (row: RowSketch): number => row.timeMs * 10 + (row.timeRestNanos ?? 0);
const identity = (row: RowSketch): string => `${podOf(row)}/${timeOf(row)}/${row.id}`;

/** Sorted, repeats dropped, samples by stack: what a merge must hold. */
function model(rows: readonly RowSketch[]): RowSketch[] {
  const distinct = rows.filter(
    (row, index) => rows.findIndex((other) => identity(other) === identity(row)) === index,
  );
  return normalised(distinct).sort((a, b) =>
    podOf(a) === podOf(b) ? timeOf(a) - timeOf(b) || a.id - b.id : podOf(a) < podOf(b) ? -1 : 1,
  );
}

const normalised = (rows: readonly RowSketch[]): RowSketch[] =>
  rows.map((row) => ({ ...row, samples: row.samples.toSorted(([a], [b]) => (a < b ? -1 : 1)) }));

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({ pod: fc.constantFrom("a", "b", "ü") }),
  timeRestNanos: fc.integer({ min: 0, max: 1 }),
  timeMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_003 }),
  id: fc.integer({ min: 0, max: 3 }),
  samples: fc.uniqueArray(
    fc.tuple(fc.constantFrom("f", "f;g", "f;h+g", "日本", "f;0x7f"), fc.bigInt({ min: 1n, max: 2n ** 60n })),
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
        for (const rows of batches) merger.add(buildProfileColumns(rows));
        const merged = merger.build();
        expect(normalised(sketchRows(merged))).toEqual(model(batches.flat()));
        expect(merger.droppedRows).toBe(batches.flat().length - merged.rows.count);
      }),
    );
  });

  it("sorts the samples of a row by stack trace", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1 }), (rows) => {
        const merger = new ProfileMerger();
        for (const row of rows) merger.add(buildProfileColumns([row]));
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
        const bytes = encodeProfileColumns(buildProfileColumns(rows));
        const shifted = new Uint8Array(bytes.length + shift);
        shifted.set(bytes, shift);
        expect(sketchRows(decodeProfileColumns(shifted.subarray(shift)))).toEqual(rows);
      }),
    );
  });

  it("are refused, never misread past their end, when bytes are cut or changed", () => {
    const bytes = encodeProfileColumns(
      buildProfileColumns([
        {
          labels: { pod: "a" },
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
            attempt(() => sketchRows(decodeProfileColumns(broken))),
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
