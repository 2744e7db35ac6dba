import { crc32 } from "node:zlib";

import type { BlockMeta, DatasetMeta } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";

import { SERVICE, timeOfRow } from "./rows.ts";

/** What a simulated block holds. A row is a number; the same number is the same row: see `rows.ts`. */
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

const ROW_BYTES = 1_000;

/** The data of one tenant. @param rows - at least one. @param maker - what wrote it: other code may write other bytes for the same rows. */
export function datasetOf(tenant: string, rows: readonly number[], maker = ""): DatasetMeta {
  const sizeBytes = rows.length * ROW_BYTES;
  const crc = crc32(`${maker} ${rows.join()}`);
  const times = rows.map(timeOfRow);
  return {
    tenant,
    service: SERVICE,
    minTimeMs: Math.min(...times),
    maxTimeMs: Math.max(...times),
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
    minTimeMs: Math.min(...datasets.map(({ minTimeMs }) => minTimeMs)),
    maxTimeMs: Math.max(...datasets.map(({ maxTimeMs }) => maxTimeMs)),
    createdBy: "",
    sizeBytes: datasets.reduce((sum, { sizeBytes }) => Math.max(sum, sizeBytes), 0),
    datasets,
  };
}

/** Tells bytes of objects apart. */
export function versionOf({ datasets }: BlockMeta): string {
  return datasets.map(({ tenant, sections }) => `${tenant}:${sections.map(({ crc }) => crc).join()}`).join();
}
