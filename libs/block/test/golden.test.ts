import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sketchRows } from "@hearth/testing";
import { readBlockMeta } from "../src/index.ts";
import { goldenRows } from "./support/golden-rows.ts";
import { readDataset } from "./support/read-dataset.ts";

const folder = join(import.meta.dirname, "golden");

const golden = [
  { file: "segment-v1.bin", level: 0, tenants: ["acme", "other-tenant"], origin: undefined },
  {
    file: "merged-v1.bin",
    level: 1,
    tenants: ["acme"],
    origin: { sources: ["01J2VJ999DDC160REPAD2VN88X", "01J2VJQPYDC160REPAD2VN88XN"], outputCount: 2 },
  },
  // Values of samples are split into bytes.
  {
    file: "split-values-v1.bin",
    level: 1,
    tenants: ["acme"],
    origin: { sources: ["01J2VJQPYDC160REPAD2VN88XN"], outputCount: 2 },
  },
];

/** Blocks as each version wrote them. They are never written anew: what is stored stays readable for ever. */
describe("a block that was stored", () => {
  it.each(golden)("is read as it was: $file", async ({ file, level, tenants, origin }) => {
    const object = new Uint8Array(readFileSync(join(folder, file)));
    const meta = readBlockMeta(object);
    expect({ level: meta.level, origin: meta.origin }).toEqual({ level, origin });
    const read = await Promise.all(meta.datasets.map((dataset) => readDataset(object, dataset)));
    const rows = Object.fromEntries(
      read.map((columns, i) => [meta.datasets[i]!.tenant, sketchRows(columns)]),
    );
    expect(rows).toEqual(Object.fromEntries(tenants.map((tenant) => [tenant, goldenRows[tenant]])));
  });

  it("is in the list above", () => {
    expect(golden.map(({ file }) => file).sort()).toEqual(readdirSync(folder).sort());
  });
});
