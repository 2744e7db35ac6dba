import { InvariantError } from "@hearth/errors";
import { exactColumnFromBigInts } from "@hearth/exact-integers";
import { describe, expect, it } from "@jest/globals";
import { type ProfileColumns, ProfileMerger, sumRowsByTime } from "@hearth/profile";
import { buildProfileColumns, type RowSketch } from "@hearth/testing";
import { ConservationLedger } from "./conservation.ts";

const row = (pod: string, id: number, value: bigint): RowSketch => ({
  labels: { service_name: "shop", pod },
  timeMs: 1_700_000_000_000,
  id,
  samples: [
    ["main", value],
    ["main;work", 1n],
  ],
});
const rows = [row("a", 1, 5n), row("a", 2, 2n ** 60n), row("b", 1, 7n), row("a", 1, 5n)];

/** What a ledger says of `tamper(merged)`. */
function balance(tamper: (merged: ProfileColumns) => ProfileColumns, droppedRows = 1): void {
  const merger = new ProfileMerger();
  const ledger = new ConservationLedger();
  for (const each of rows) {
    const columns = buildProfileColumns([each]);
    ledger.add(columns, merger.add(columns), 0);
  }
  ledger.check(tamper(merger.build()), droppedRows);
}

describe("ConservationLedger", () => {
  it("balances when a merge is right", () => {
    expect(() => balance((merged) => merged)).not.toThrow();
  });

  it.each<{ name: string; tamper: (merged: ProfileColumns) => ProfileColumns; droppedRows?: number }>([
    { name: "a repeat that nobody counted", tamper: (merged) => merged, droppedRows: 0 },
    {
      name: "a row of another series",
      tamper: (merged) => ({ ...merged, rows: { ...merged.rows, series: Uint32Array.of(0, 1, 1) } }),
    },
    {
      name: "a label that changed",
      tamper: (merged) => ({
        ...merged,
        series: merged.series.map((series) => ({ ...series, labels: series.labels.slice(1) })),
      }),
    },
    {
      name: "a total that changed in its last bit",
      tamper: (merged) => ({
        ...merged,
        rows: { ...merged.rows, total: exactColumnFromBigInts([6n, 2n ** 60n, 8n]) },
      }),
    },
    {
      name: "a value that changed",
      tamper: (merged) => ({
        ...merged,
        samples: { ...merged.samples, value: exactColumnFromBigInts([5n, 1n, 2n ** 60n, 1n, 7n, 2n]) },
      }),
    },
    {
      name: "samples of the next row",
      tamper: (merged) => ({ ...merged, rows: { ...merged.rows, firstSample: Uint32Array.of(0, 2, 5, 6) } }),
    },
    { name: "a row that was lost", tamper: (merged) => withoutLastRow(merged) },
    { name: "a row that was lost and is called a repeat", tamper: withoutLastRow, droppedRows: 2 },
  ])("refuses $name", ({ tamper, droppedRows }) => {
    expect(() => balance(tamper, droppedRows)).toThrow(InvariantError);
  });
});

/** What a ledger says of `tamper(sums)`. */
function balanceSums(tamper: (summed: ProfileColumns) => ProfileColumns): void {
  const merger = new ProfileMerger();
  const ledger = new ConservationLedger();
  const columns = buildProfileColumns(rows.slice(0, 3));
  ledger.add(columns, merger.add(columns), 0);
  ledger.checkSums(tamper(sumRowsByTime(merger.build(), 60_000)));
}

describe("ConservationLedger of sums", () => {
  it("balances when they are right, and when there is nothing to sum", () => {
    expect(() => balanceSums((summed) => summed)).not.toThrow();
  });

  it.each<{ name: string; tamper: (summed: ProfileColumns) => ProfileColumns }>([
    {
      name: "a total that changed in its last bit",
      tamper: (summed) => ({
        ...summed,
        rows: { ...summed.rows, total: exactColumnFromBigInts([2n ** 60n + 6n, 8n]) },
      }),
    },
    {
      name: "a value that changed",
      tamper: (summed) => ({
        ...summed,
        samples: { ...summed.samples, value: exactColumnFromBigInts([2n ** 60n + 5n, 2n, 7n, 2n]) },
      }),
    },
    {
      name: "a row of another series",
      tamper: (summed) => ({ ...summed, rows: { ...summed.rows, series: Uint32Array.of(0, 0) } }),
    },
    {
      name: "samples of no row",
      tamper: (summed) => ({ ...summed, rows: { ...summed.rows, firstSample: Uint32Array.of(0, 2, 3) } }),
    },
    { name: "a row that was lost", tamper: withoutLastRow },
    { name: "rows that were made up", tamper: (summed) => repeated(summed, "rows") },
    { name: "samples that were made up", tamper: (summed) => repeated(summed, "samples") },
  ])("refuses $name", ({ tamper }) => {
    expect(() => balanceSums(tamper)).toThrow(InvariantError);
  });
});

/** The last row, or sample, comes twice more, with a value of 0. */
function repeated({ rows: all, samples, ...rest }: ProfileColumns, what: "rows" | "samples"): ProfileColumns {
  const more = what === "rows" ? 2 : 0;
  const total = exactColumnFromBigInts([2n ** 60n + 5n + 2n, 8n, ...Array<bigint>(more).fill(0n)]);
  const series = Uint32Array.of(0, 1, ...Array<number>(more).fill(1));
  if (more > 0) {
    const firstSample = Uint32Array.of(0, 2, 4, 4, 4);
    return { ...rest, samples, rows: { ...all, count: 4, series, total, firstSample } };
  }
  const value = exactColumnFromBigInts([2n ** 60n + 5n, 2n, 7n, 1n, 0n]);
  const stacktrace = Uint32Array.of(...samples.stacktrace, samples.stacktrace[3]!);
  const firstSample = Uint32Array.of(0, 2, 5);
  return { ...rest, rows: { ...all, firstSample }, samples: { ...samples, count: 5, stacktrace, value } };
}

function withoutLastRow({ rows: all, ...rest }: ProfileColumns): ProfileColumns {
  const count = all.count - 1;
  return { ...rest, rows: { ...all, count } };
}
