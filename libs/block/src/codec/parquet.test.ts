import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { decodeParquet } from "./parquet-reader.ts";
import { encodeParquet, type ParquetColumn } from "./parquet-writer.ts";
import { compressZstd, decompressZstd } from "./zstd.ts";

const FILE = encodeParquet([
  { name: "small", data: Int32Array.of(3, 1, 2, 7, 7), encoding: "DELTA_BINARY_PACKED" },
  { name: "plain", data: Float64Array.of(0.5, 2 ** 52, 0, 1, 2), encoding: "PLAIN" },
  { name: "few", data: Float64Array.of(1, 1, 1, 9, 1), encoding: "RLE_DICTIONARY" },
  { name: "split", data: Float64Array.of(1, 2 ** 33 + 1, -0.1, 1e300, 0), encoding: "FEW_OR_SPLIT" },
]);

const integer = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3) },
  fc.integer(),
  fc.constantFrom(-(2 ** 31), 2 ** 31 - 1),
);
const double = fc.oneof(
  { weight: 4, arbitrary: fc.nat(3) },
  fc.double({ noNaN: true }).map((value) => value + 0), // no -0, which a dictionary of another writer may not keep
  fc.constantFrom(0, 2 ** 52, 1e7),
);
/** Columns long enough for several blocks, runs and groups; `repeats` makes runs. */
const columns = fc
  .tuple(
    fc.array(fc.tuple(integer, double), { minLength: 1, maxLength: 80 }),
    fc.integer({ min: 1, max: 40 }),
  )
  .map(([rows, repeats]): ParquetColumn[] => {
    const repeated = rows.flatMap((row, index) =>
      Array.from({ length: index % 2 === 0 ? 1 : repeats }, () => row),
    );
    const integers = Int32Array.from(repeated, ([value]) => value);
    const doubles = Float64Array.from(repeated, ([, value]) => value);
    return [
      { name: "i_plain", data: integers, encoding: "PLAIN" },
      { name: "i_delta", data: integers, encoding: "DELTA_BINARY_PACKED" },
      { name: "i_split", data: integers, encoding: "BYTE_STREAM_SPLIT" },
      { name: "i_few", data: integers, encoding: "RLE_DICTIONARY" },
      { name: "d_plain", data: doubles, encoding: "PLAIN" },
      { name: "d_few", data: doubles, encoding: "RLE_DICTIONARY" },
      { name: "d_split", data: doubles, encoding: "BYTE_STREAM_SPLIT" },
      { name: "d_best", data: doubles, encoding: "FEW_OR_SPLIT" },
    ];
  });

function asObjects(all: readonly ParquetColumn[]): Record<string, number>[] {
  return Array.from(all[0]!.data, (_, row) =>
    Object.fromEntries(all.map(({ name, data }) => [name, data[row]!])),
  );
}

describe("Parquet columns", () => {
  it("come back as typed arrays", () => {
    expect(
      [...decodeParquet(FILE, "test")].map(([name, data]) => [name, data.constructor.name, ...data]),
    ).toEqual([
      ["small", "Int32Array", 3, 1, 2, 7, 7],
      ["plain", "Float64Array", 0.5, 2 ** 52, 0, 1, 2],
      ["few", "Float64Array", 1, 1, 1, 9, 1],
      ["split", "Float64Array", 1, 2 ** 33 + 1, -0.1, 1e300, 0],
    ]);
  });

  it("come back, and from another reader too, whatever their values and encodings", async () => {
    await fc.assert(
      fc.asyncProperty(columns, async (all) => {
        const file = encodeParquet(all);
        const read = decodeParquet(file, "test");
        for (const { name, data } of all) expect(read.get(name)).toEqual(data);
        const objects = await parquetReadObjects({
          file: file.slice().buffer,
          compressors: { ZSTD: decompressZstd },
        });
        expect(objects).toEqual(asObjects(all));
      }),
      { numRuns: 30 },
    );
  });

  it("of another writer, with which the first blocks were written, are read", () => {
    fc.assert(
      fc.property(columns, (all) => {
        const old = all.filter(({ name }) => name !== "i_split" && name !== "d_best");
        const file = parquetWriteBuffer({
          columnData: old.map(({ name, data, encoding }) => ({
            name,
            data,
            type: data instanceof Int32Array ? ("INT32" as const) : ("DOUBLE" as const),
            nullable: false,
            encoding: encoding as "PLAIN",
          })),
          codec: "ZSTD",
          compressors: { ZSTD: compressZstd },
          rowGroupSize: 1e6,
        });
        const read = decodeParquet(new Uint8Array(file), "test");
        for (const { name, data } of old) expect(read.get(name)).toEqual(data);
      }),
      { numRuns: 30 },
    );
  });

  it("of several pages come back", () => {
    const data = Float64Array.from({ length: 600_000 }, (_, row) => row % 7);
    const integers = Int32Array.from({ length: 600_000 }, (_, row) => (row * 7919) % 100_003);
    const all: ParquetColumn[] = [
      { name: "few", data, encoding: "FEW_OR_SPLIT" },
      { name: "split", data, encoding: "BYTE_STREAM_SPLIT" },
      { name: "delta", data: integers, encoding: "DELTA_BINARY_PACKED" },
    ];
    const read = decodeParquet(encodeParquet(all), "test");
    for (const { name, data: want } of all)
      expect(Buffer.compare(Buffer.from(read.get(name)!.buffer), Buffer.from(want.buffer))).toBe(0);
  });

  it.each([
    { name: "few values that repeat", distinct: 24, want: "RLE_DICTIONARY" },
    { name: "many values", distinct: 3000, want: "BYTE_STREAM_SPLIT" },
  ])("are laid out by how many values there are: $name", ({ distinct, want }) => {
    const data = Float64Array.from({ length: 4000 }, (_, row) => row % distinct);
    const file = encodeParquet([{ name: "value", data, encoding: "FEW_OR_SPLIT" }]);
    const chunk = parquetMetadata(file.slice().buffer).row_groups[0]!.columns[0]!.meta_data!;
    expect(chunk.encodings.at(-1)).toBe(want);
  });

  it("without rows come back", () => {
    const file = encodeParquet([{ name: "none", data: new Int32Array(0), encoding: "DELTA_BINARY_PACKED" }]);
    expect([...decodeParquet(file, "test")]).toEqual([["none", new Int32Array(0)]]);
  });

  it("are refused when they may lack values: nothing here writes such, and damage could claim any number", () => {
    const columnData = [{ name: "gaps", data: [1, 2, 3], type: "INT32" as const, nullable: true }];
    const file = new Uint8Array(parquetWriteBuffer({ columnData }));
    expect(causeOf(file)).toBe("column may lack values: column=gaps");
  });

  it("are refused when a run is longer than its page", () => {
    const data = Float64Array.from({ length: 32 }, (_, row) => Math.floor(row / 16));
    const file = encodeParquet([{ name: "few", data, encoding: "RLE_DICTIONARY" }]);
    // Values of one bit: sixteen times the first, sixteen times the second. The latter become 63.
    const at = Buffer.from(file).indexOf(Buffer.of(1, 16 << 1, 0, 16 << 1, 1));
    expect(at).toBeGreaterThan(0);
    file[at + 3] = 63 << 1;
    expect(causeOf(file)).toBe("run is longer than its page: column=few");
  });

  it.each([
    { name: "two columns have one name", rename: { inSchema: true, inChunk: true } },
    { name: "a column has the name of another in the schema", rename: { inSchema: true, inChunk: false } },
    { name: "a column has the name of another beside its data", rename: { inSchema: false, inChunk: true } },
  ])("are refused when $name", ({ rename }) => {
    const file = encodeParquet([
      { name: "aaa", data: Int32Array.of(3, 1, 2), encoding: "DELTA_BINARY_PACKED" },
      { name: "bbb", data: Float64Array.of(0.5, 2, 0), encoding: "PLAIN" },
    ]).slice();
    const text = Buffer.from(file.buffer);
    const [inSchema, inChunk] = [text.indexOf("bbb"), text.lastIndexOf("bbb")];
    if (rename.inSchema) text.write("aaa", inSchema);
    if (rename.inChunk) text.write("aaa", inChunk);
    expect(() => decodeParquet(file, "test")).toThrow("not readable as Parquet");
  });

  it("are refused as lost data or read, whatever byte is changed", () => {
    const outcomes = new Set<string>();
    for (let at = 0; at < FILE.length; at++) {
      for (const change of [0x01, 0x40, 0xff]) {
        const damaged = FILE.slice();
        damaged[at]! ^= change;
        outcomes.add(outcomeOf(damaged));
      }
    }
    expect(outcomes).toEqual(new Set(["read", "DataLossError"]));
  });
});

function outcomeOf(file: Uint8Array): string {
  try {
    decodeParquet(file, "test");
    return "read";
  } catch (error) {
    return (error as Error).name;
  }
}

/** Why a file is not read. */
function causeOf(file: Uint8Array): string | undefined {
  try {
    decodeParquet(file, "test");
    return undefined;
  } catch (error) {
    return ((error as Error).cause as Error).message;
  }
}
