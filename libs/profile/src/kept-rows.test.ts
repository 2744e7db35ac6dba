import { heap } from "@hearth/arena";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { KeptRows } from "./kept-rows.ts";
import type { RowColumns } from "./profile-columns.ts";

interface Row {
  readonly series: number;
  readonly timeMs: number;
  readonly rest: number;
  readonly id: readonly number[];
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  series: fc.nat(2),
  timeMs: fc.oneof(fc.integer({ min: 1000, max: 1003 }), fc.maxSafeNat(), fc.constant(-5)),
  rest: fc.nat(1),
  id: fc
    .tuple(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(15))
    .map(([byte, at]) => Array.from({ length: 16 }, (_, i) => (i === at ? byte : 0))),
});

function columnsOf(rows: readonly Row[]): RowColumns {
  return {
    count: rows.length,
    series: Uint32Array.from(rows, ({ series }) => series),
    timeMs: Float64Array.from(rows, ({ timeMs }) => timeMs),
    timeRestNanos: Uint32Array.from(rows, ({ rest }) => rest),
    profileId: Uint8Array.from(rows.flatMap(({ id }) => id)),
    total: { low: new Float64Array(rows.length), high: undefined },
    firstSample: new Uint32Array(rows.length + 1),
    period: new Float64Array(rows.length),
    durationNanos: new Float64Array(rows.length),
  };
}

const RANK = Uint32Array.of(2, 0, 1);

const text = ({ series, timeMs, rest, id }: Row): string => JSON.stringify([series, timeMs, rest, id]);
const compareBytes = (a: readonly number[], b: readonly number[]): number =>
  a.map((byte, i) => byte - b[i]!).find((difference) => difference !== 0) ?? 0;

function model(rows: readonly Row[]): string[] {
  const distinct = [...new Map(rows.map((row) => [text(row), row])).values()];
  return distinct
    .sort(
      (a, b) =>
        RANK[a.series]! - RANK[b.series]! ||
        a.timeMs - b.timeMs ||
        a.rest - b.rest ||
        compareBytes(a.id, b.id),
    )
    .map(text);
}

describe("KeptRows", () => {
  it("keeps each identity once and sorts by series, time and the bytes of the id, however far times are apart", () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 60 }), (rows) => {
        const kept = new KeptRows(heap);
        const columns = columnsOf(rows);
        const isNew = rows.map(({ series }, row) => kept.add(columns, { source: 0, row, series }));
        const order = Array.from(kept.order(RANK), (index) => text(rows[kept.row[index]!]!));
        expect(order).toEqual(model(rows));
        expect(isNew.filter(Boolean)).toHaveLength(order.length);
      }),
    );
  });
});
