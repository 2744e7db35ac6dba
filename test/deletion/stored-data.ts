import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readBlockMeta } from "@hearth/block";
import { labelValue } from "@hearth/labels";
import { stringAt } from "@hearth/symbols";
import { readDataset } from "../../libs/block/test/support/read-dataset.ts";

/** What a bucket on disk holds of tenants: everything that its blocks say, whoever knows of them. */
export interface StoredData {
  /** `tenant/service/pod` of every series, distinct and sorted. */
  readonly series: readonly string[];
  /** `tenant/name` of every function, distinct and sorted. */
  readonly functions: readonly string[];
}

/** Reads all blocks of a bucket. One that goes meanwhile is passed over. */
export async function storedData(folder: string): Promise<StoredData> {
  const files = await readdir(folder, { recursive: true });
  const series = new Set<string>();
  const functions = new Set<string>();
  for (const file of files.filter((name) => name.endsWith("block.bin"))) {
    const bytes = await readIfThere(join(folder, file));
    if (!bytes) continue;
    for (const dataset of readBlockMeta(bytes).datasets) {
      const { tenant, service } = dataset;
      const columns = await readDataset(bytes, dataset);
      for (const { labels } of columns.series)
        series.add(`${tenant}/${service}/${labelValue(labels, "pod")}`);
      const { names } = columns.tree;
      for (let name = 0; name < names.offsets.length - 1; name++) {
        functions.add(`${tenant}/${stringAt(names, name)}`);
      }
    }
  }
  return { series: [...series].sort(), functions: [...functions].sort() };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
