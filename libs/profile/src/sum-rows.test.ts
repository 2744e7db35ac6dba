import { describe, expect, it } from "@jest/globals";
import { exactToBigInt } from "@hearth/exact-integers";
import { buildProfileColumns, sketchRows, type RowSketch } from "@hearth/testing";
import fc from "fast-check";
import { readColumnsHead } from "./columns-head.ts";
import { decodeProfileColumns, encodeProfileColumns } from "./encode-profile-columns.ts";
import type { ProfileColumns } from "./profile-columns.ts";
import { sumRows } from "./sum-rows.ts";

const SESSION = "__session_id__";

const anyRow: fc.Arbitrary<RowSketch> = fc.record({
  labels: fc.record({ pod: fc.constantFrom("a", "b"), [SESSION]: fc.constantFrom("1", "2") }),
  timeMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_003 }),
  timeRestNanos: fc.integer({ min: 0, max: 1 }),
  id: fc.integer({ min: 0, max: 3 }),
  samples: fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("f", "f;g", "h"),
      fc.bigInt({ min: 1n, max: 2n ** 58n }),
      fc.integer({ min: 0, max: 2 }),
    ),
    { selector: ([stack, , span]) => `${stack}/${span}` },
  ),
});
const identity = (row: RowSketch): string =>
  JSON.stringify([row.labels, row.timeMs, row.timeRestNanos, row.id]);

/** Profiles in parts, some of them several times: what has one identity has one content. */
const anyParts = fc.uniqueArray(anyRow, { selector: identity, minLength: 1, maxLength: 10 }).chain((rows) =>
  fc.array(fc.array(fc.constantFrom(...rows), { minLength: 1, maxLength: 4 }), {
    minLength: 1,
    maxLength: 4,
  }),
);

/** Gives equal frames of all parts equal addresses, which sketches take from the order of the frames. */
const vocabulary: RowSketch = {
  labels: { pod: "v", [SESSION]: "1" },
  timeMs: 1,
  id: 0,
  samples: [
    ["f;g", 1n],
    ["h", 1n],
  ],
};
const columnsOf = (part: readonly RowSketch[]): ProfileColumns => buildProfileColumns([vocabulary, ...part]);

/** By pod and then stack and span: what must come out of it. */
function model(
  rows: readonly RowSketch[],
): Record<string, { time: number; samples: Record<string, bigint> }> {
  const sums: Record<string, { time: number; samples: Record<string, bigint> }> = {};
  for (const row of new Map(rows.map((each) => [identity(each), each])).values()) {
    const time = row.timeMs * 10 + (row.timeRestNanos ?? 0);
    const sum = (sums[row.labels["pod"]!] ??= { time, samples: {} });
    sum.time = Math.min(sum.time, time);
    for (const [stack, value, span = 0] of row.samples)
      sum.samples[`${stack}/${span}`] = (sum.samples[`${stack}/${span}`] ?? 0n) + value;
  }
  return sums;
}

function summed(columns: ProfileColumns): ReturnType<typeof model> {
  const rows = sketchRows(columns);
  return Object.fromEntries(
    rows.map(({ labels, timeMs, timeRestNanos, samples }) => [
      labels["pod"]!,
      {
        time: timeMs * 10 + (timeRestNanos ?? 0),
        samples: Object.fromEntries(samples.map(([stack, value, span = 0]) => [`${stack}/${span}`, value])),
      },
    ]),
  );
}

describe("sumRows", () => {
  it("has one row for each series without the label, with the exact sum of each sample", () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const columns = sumRows(parts.map(columnsOf), SESSION);
        // Whole, as anybody who decodes it will check.
        decodeProfileColumns(encodeProfileColumns(columns));
        expect(columns.rows.count).toBe(Object.keys(model([vocabulary, ...parts.flat()])).length);
        expect(summed(columns)).toEqual(model([vocabulary, ...parts.flat()]));
      }),
    );
  });

  it("has totals that are the sums of the samples, and labels without the one left out", () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const columns = sumRows(parts.map(columnsOf), SESSION);
        for (const [row, { labels, samples }] of sketchRows(columns).entries()) {
          expect(Object.keys(labels)).toEqual(["pod"]);
          expect(exactToBigInt(columns.rows.total, row)).toBe(
            samples.reduce((sum, [, value]) => sum + value, 0n),
          );
        }
      }),
    );
  });

  it("does not depend on the order of the parts, identity of rows included", () => {
    fc.assert(
      fc.property(anyParts, (parts) => {
        const there = sumRows(parts.map(columnsOf), SESSION);
        const back = sumRows(parts.toReversed().map(columnsOf), SESSION);
        const idsOf = ({ series, rows }: ProfileColumns): Set<string> => {
          const ids = Array.from({ length: rows.count }, (_, row) =>
            Buffer.from(rows.profileId.subarray(16 * row, 16 * row + 16)).toString("hex"),
          );
          return new Set(ids.map((id, row) => `${series[rows.series[row]!]!.fingerprint} ${id}`));
        };
        expect(summed(back)).toEqual(summed(there));
        expect(idsOf(back)).toEqual(idsOf(there));
      }),
    );
  });

  it("sums durations and keeps the largest period", () => {
    const part = (id: number, durationNanos: number, period: number): ProfileColumns => {
      const columns = buildProfileColumns([{ labels: { pod: "a" }, timeMs: 1, id, samples: [["f", 1n]] }]);
      const rows = {
        ...columns.rows,
        durationNanos: Float64Array.of(durationNanos),
        period: Float64Array.of(period),
      };
      return { ...columns, rows };
    };
    const { rows } = sumRows([part(1, 10, 5), part(2, 20, 7), part(3, 30, 6)], SESSION);
    expect({ duration: [...rows.durationNanos], period: [...rows.period] }).toEqual({
      duration: [60],
      period: [7],
    });
  });
});

describe("readColumnsHead", () => {
  it("says of encoded columns what decoding them would", () => {
    fc.assert(
      fc.property(fc.array(anyRow), fc.integer({ min: 0, max: 8 }), (rows, shift) => {
        const columns = buildProfileColumns(rows);
        const encoded = encodeProfileColumns(columns);
        const bytes = new Uint8Array(encoded.length + shift);
        bytes.set(encoded, shift);
        const head = readColumnsHead(bytes.subarray(shift));
        expect(head.fingerprints).toEqual(columns.series.map(({ fingerprint }) => fingerprint));
        expect(head.timeMs).toBe(rows[0]?.timeMs);
        expect([...head.profileId]).toEqual([...columns.rows.profileId.subarray(0, 16)]);
      }),
    );
  });
});
