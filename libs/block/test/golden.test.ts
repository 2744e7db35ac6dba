import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sketchRows } from "@hearth/testing";
import { readBlockMeta } from "../src/index.ts";
import { goldenRows } from "./support/golden-rows.ts";
import { readDataset } from "./support/read-dataset.ts";

const folder = join(import.meta.dirname, "golden");

/** Blocks as each version wrote them. They are never written anew: what is stored stays readable for ever. */
describe("a block that was stored", () => {
  it.each(readdirSync(folder))("is read as it was: %s", async (file) => {
    const object = new Uint8Array(readFileSync(join(folder, file)));
    const { datasets } = readBlockMeta(object);
    const read = await Promise.all(datasets.map((dataset) => readDataset(object, dataset)));
    const rows = Object.fromEntries(read.map((columns, i) => [datasets[i]!.tenant, sketchRows(columns)]));
    expect(rows).toEqual(goldenRows);
  });
});
