import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { BlockMetaSchema, SectionKind as WireKind } from "@hearth/proto/hearth/block/v1";
import type { RowSketch } from "@hearth/testing";
import {
  merge,
  type PlacedRow,
  rowsOf,
  segmentOf,
  type StoredBlock,
} from "../../test/support/merge-fixture.ts";
import { readDataset } from "../../test/support/read-dataset.ts";
import { blockMetaFromWire, decodeBlockMeta, encodeBlockMeta, readBlockMeta } from "../index.ts";

const row = (id: number, samples: RowSketch["samples"] = [["main;work", 1n]]): PlacedRow => ({
  tenant: "acme",
  service: "shop",
  row: {
    labels: { service_name: "shop", __profile_type__: "cpu" },
    timeMs: 1_700_000_000_000 + id,
    id,
    samples,
  },
});

/** Sources of one level, each a row, merged to blocks of the next. */
async function mergedUp(placed: readonly PlacedRow[], levels: number): Promise<readonly StoredBlock[]> {
  let blocks: readonly StoredBlock[] = placed.map((each, number) => segmentOf([each], number));
  for (let level = 0; level < levels; level++) ({ blocks } = await merge(blocks));
  return blocks;
}

const kindsOf = ([block]: readonly StoredBlock[]): string[] =>
  block!.meta.datasets[0]!.sections.map(({ kind }) => kind);

describe("a merged block", () => {
  it.each([
    { level: 1, has: false },
    { level: 2, has: true },
    { level: 3, has: true },
  ])("of level $level has rollups: $has", async ({ level, has }) => {
    expect(kindsOf(await mergedUp([row(1), row(2)], level)).includes("rollup")).toBe(has);
  });

  it("has none when no type has twice as many samples as stack traces", async () => {
    expect(kindsOf(await mergedUp([row(1), row(2, [["idle", 1n]])], 2))).not.toContain("rollup");
  });

  it("has the same rows with rollups as without", async () => {
    const placed = [row(1), row(2), row(3)];
    expect(await rowsOf(await mergedUp(placed, 3))).toEqual(await rowsOf(await mergedUp(placed, 1)));
  });
});

describe("optional sections", () => {
  it("are in the metadata of the object, behind the others", async () => {
    const [block] = await mergedUp([row(1), row(2)], 2);
    expect(readBlockMeta(block!.bytes)).toEqual(block!.meta);
    expect(kindsOf([block!]).at(-1)).toBe("rollup");
  });

  it("stand apart from those that every reader of version 1 knows", async () => {
    const [block] = await mergedUp([row(1), row(2)], 2);
    const wire = fromBinary(BlockMetaSchema, encodeBlockMeta(block!.meta));
    expect(wire.datasets[0]!.sections.map(({ kind }) => kind)).toEqual([1, 2, 3, 4, 5, 6]);
    // As a reader reads it that does not know the field.
    const older = blockMetaFromWire({
      ...wire,
      datasets: wire.datasets.map((dataset) => ({ ...dataset, optionalSections: [] })),
    });
    const rows = (await readDataset(block!.bytes, older.datasets[0]!)).rows.count;
    expect(rows).toBe(2);
  });

  it("are passed over when a newer writer added one that is unknown", async () => {
    const [block] = await mergedUp([row(1), row(2)], 2);
    const wire = fromBinary(BlockMetaSchema, encodeBlockMeta(block!.meta));
    const rollup = wire.datasets[0]!.optionalSections[0]!;
    const unknown = [
      { ...rollup, kind: 99 as WireKind },
      { ...rollup, codec: 99 as typeof rollup.codec },
      { ...rollup, kind: WireKind.SERIES },
    ];
    wire.datasets[0]!.optionalSections.push(...unknown);
    expect(decodeBlockMeta(toBinary(BlockMetaSchema, wire))).toEqual(block!.meta);
  });
});
