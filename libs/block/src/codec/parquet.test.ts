import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { parquetMetadata } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { decodeParquet, encodeParquet } from "./parquet.ts";

const FILE = encodeParquet([
  { name: "small", data: Int32Array.of(3, 1, 2, 7, 7), encoding: "DELTA_BINARY_PACKED" },
  { name: "plain", data: Float64Array.of(0.5, 2 ** 52, 0, 1, 2), encoding: "PLAIN" },
  { name: "few", data: Float64Array.of(1, 1, 1, 9, 1), encoding: "RLE_DICTIONARY" },
]);

describe("Parquet columns", () => {
  const unhandled: unknown[] = [];
  const keep = (reason: unknown): void => void unhandled.push(reason);
  beforeAll(() => void process.on("unhandledRejection", keep));
  afterAll(() => void process.off("unhandledRejection", keep));

  it("come back as typed arrays", async () => {
    const columns = await decodeParquet(FILE, "test");
    expect([...columns].map(([name, data]) => [name, data.constructor.name, ...data])).toEqual([
      ["small", "Int32Array", 3, 1, 2, 7, 7],
      ["plain", "Float64Array", 0.5, 2 ** 52, 0, 1, 2],
      ["few", "Float64Array", 1, 1, 1, 9, 1],
    ]);
  });

  it("are refused when they may lack values: nothing here writes such, and damage could claim any number", async () => {
    const columnData = [{ name: "gaps", data: [1, 2, 3], type: "INT32" as const, nullable: true }];
    const file = new Uint8Array(parquetWriteBuffer({ columnData }));
    await expect(decodeParquet(file, "test")).rejects.toMatchObject({
      name: "DataLossError",
      cause: { message: "column may lack values: column=gaps" },
    });
  });

  it.each([
    { name: "a value repeated", rows: 20 },
    { name: "groups of eight", rows: 12 },
    { name: "compressed", rows: 2000 },
  ])("come back from runs: $name", async ({ rows }) => {
    const data = Float64Array.from({ length: rows }, (_, row) => (row < 9 ? row % 3 : 7));
    const columns = await decodeParquet(
      encodeParquet([{ name: "few", data, encoding: "RLE_DICTIONARY" }]),
      "test",
    );
    expect(columns.get("few")).toEqual(data);
  });

  it("are refused when a run is longer than its page", async () => {
    const data = Float64Array.from({ length: 32 }, (_, row) => Math.floor(row / 16));
    const file = encodeParquet([{ name: "few", data, encoding: "RLE_DICTIONARY" }]);
    // Values of one bit: sixteen times the first, sixteen times the second. The latter become 63.
    const at = Buffer.from(file).indexOf(Buffer.of(1, 16 << 1, 0, 16 << 1, 1));
    expect(at).toBeGreaterThan(0);
    file[at + 3] = 63 << 1;
    await expect(decodeParquet(file, "test")).rejects.toMatchObject({
      cause: { message: "run is longer than its page: column=few" },
    });
  });

  it.each([
    { name: "two columns have one name", rename: { inSchema: true, inChunk: true } },
    { name: "a column has the name of another in the schema", rename: { inSchema: true, inChunk: false } },
    { name: "a column has the name of another beside its data", rename: { inSchema: false, inChunk: true } },
  ])("are refused when $name, and no error is left to nobody", async ({ rename }) => {
    const file = encodeParquet([
      { name: "aaa", data: Int32Array.of(3, 1, 2), encoding: "DELTA_BINARY_PACKED" },
      { name: "bbb", data: Float64Array.of(0.5, 2, 0), encoding: "PLAIN" },
    ]).slice();
    for (const { meta_data: chunk } of parquetMetadata(file.buffer).row_groups[0]!.columns) {
      file[Number(chunk!.data_page_offset) + 1] = 0x7e; // the type of the page
    }
    const text = Buffer.from(file.buffer);
    const [inSchema, inChunk] = [text.indexOf("bbb"), text.lastIndexOf("bbb")];
    if (rename.inSchema) text.write("aaa", inSchema);
    if (rename.inChunk) text.write("aaa", inChunk);
    await expect(decodeParquet(file, "test")).rejects.toThrow("not readable as Parquet");
    await new Promise((resolve) => void setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it("are refused as lost data or read, whatever byte is changed, and no error is left to nobody", async () => {
    const outcomes = new Set<string>();
    for (let at = 0; at < FILE.length; at++) {
      for (const change of [0x01, 0x40, 0xff]) {
        const damaged = FILE.slice();
        damaged[at]! ^= change;
        outcomes.add(
          await decodeParquet(damaged, "test").then(
            () => "read",
            (error: Error) => error.name,
          ),
        );
      }
    }
    await new Promise((resolve) => void setImmediate(resolve));
    expect(outcomes).toEqual(new Set(["read", "DataLossError"]));
    expect(unhandled).toEqual([]);
  });
});
