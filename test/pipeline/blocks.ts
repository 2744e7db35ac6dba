import { crc32 } from "node:zlib";

import type { BlockMeta, DatasetMeta } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";

/** What a simulated block holds. A row is a number; the same number is the same row. */
export interface BlockObject {
  readonly type: "block";
  readonly meta: BlockMeta;
  /** By tenant; sorted. */
  readonly rows: ReadonlyMap<string, readonly number[]>;
  /** Ids of the segments whose rows it holds. */
  readonly segments: ReadonlySet<string>;
  /** No merge with it ends well, and nobody can tell why. */
  readonly isPoisoned: boolean;
  /** It cannot be read. */
  readonly isDamaged: boolean;
}

export interface LetterObject {
  readonly type: "letter";
  readonly block: WireBlockMeta;
}

export type StoredObject = BlockObject | LetterObject;

export const TENANTS = ["acme", "globex", "umbrella"] as const;

/** Times of the rows: the same for all, so that they tell nothing. */
const DATA_MS = 1_767_225_600_000;
const ROW_BYTES = 1_000;

/** The data of one tenant. @param maker - what wrote it: other code may write other bytes for the same rows. */
export function datasetOf(tenant: string, rows: readonly number[], maker = ""): DatasetMeta {
  const sizeBytes = rows.length * ROW_BYTES;
  const crc = crc32(`${maker} ${rows.join()}`);
  return {
    tenant,
    service: "shop",
    minTimeMs: DATA_MS,
    maxTimeMs: DATA_MS + 1_000,
    offset: 0,
    sizeBytes,
    sections: [{ kind: "profiles", offset: 0, sizeBytes, rawSizeBytes: sizeBytes, crc, codec: "none" }],
    labelSets: [],
    seriesCount: 1,
    profileCount: rows.length,
    sampleCount: rows.length,
  };
}

/** The metadata of a block with these datasets. */
export function metaOf(
  place: Pick<BlockMeta, "id" | "tenant" | "shard" | "level">,
  datasets: readonly DatasetMeta[],
): BlockMeta {
  return {
    formatVersion: 1,
    ...place,
    minTimeMs: DATA_MS,
    maxTimeMs: DATA_MS + 1_000,
    createdBy: "",
    sizeBytes: datasets.reduce((sum, { sizeBytes }) => Math.max(sum, sizeBytes), 0),
    datasets,
  };
}

/** Tells bytes of objects apart. */
export function versionOf({ datasets }: BlockMeta): string {
  return datasets.map(({ tenant, sections }) => `${tenant}:${sections.map(({ crc }) => crc).join()}`).join();
}
