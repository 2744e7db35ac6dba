import { InvariantError } from "@hearth/errors";
import { exactColumnFromBigInts } from "@hearth/exact-integers";
import { describe, expect, it } from "@jest/globals";
import { type ProfileColumns, ProfileMerger } from "@hearth/profile";
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

function withoutLastRow({ rows: all, ...rest }: ProfileColumns): ProfileColumns {
  const count = all.count - 1;
  return { ...rest, rows: { ...all, count } };
}
