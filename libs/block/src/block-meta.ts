import type { Labels } from "@hearth/labels";

/** What the index knows of a block, and what its last bytes say: see `docs/block-format.md`. */
export interface BlockMeta {
  readonly formatVersion: number;
  /** ULID; its time is when the block was made. */
  readonly id: string;
  /** Empty for a segment, which belongs to no tenant. */
  readonly tenant: string;
  /** At least 1. */
  readonly shard: number;
  /** 0 for a segment. */
  readonly level: number;
  /** Time of the earliest and of the latest profile, Unix milliseconds, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Host that wrote it. */
  readonly createdBy: string;
  /** Of the whole object. */
  readonly sizeBytes: number;
  readonly datasets: readonly DatasetMeta[];
  /** Absent for a segment, and where the index does without. */
  readonly origin?: BlockOrigin;
}

/** The merge that a block of level 1 or above is an output of. */
export interface BlockOrigin {
  /** Ids of the blocks that it was made from, sorted. */
  readonly sources: readonly string[];
  /** How many blocks were made from them: one for each tenant of which rows were left. */
  readonly outputCount: number;
  /** Number of the last deletion on request whose rows are not in it; absent when none was applied. */
  readonly deletionsApplied?: number;
  /** Its one source is of the same level, and was written anew without deleted rows. */
  readonly isRewrite?: true;
}

/** The profiles of one tenant and service in a block. */
export interface DatasetMeta {
  readonly tenant: string;
  readonly service: string;
  /** Unix milliseconds, both inclusive. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Place in the object. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** Those of {@link OPTIONAL_SECTIONS} last. */
  readonly sections: readonly Section[];
  /** Distinct label sets, one for each profile type: `service_name`, `__profile_type__` and its parts. */
  readonly labelSets: readonly Labels[];
  readonly seriesCount: number;
  /** Rows: one for each profile and sample type. */
  readonly profileCount: number;
  readonly sampleCount: number;
}

export type SectionKind = "series" | "profiles" | "names" | "tree" | "samples" | "symbols" | "rollup";
export type SectionCodec = "none" | "zstd";

/** What a dataset may lack: all that they hold follows from the other sections. */
export const OPTIONAL_SECTIONS: readonly SectionKind[] = ["rollup"];

export interface Section {
  readonly kind: SectionKind;
  /** From the beginning of the object; a multiple of 8. */
  readonly offset: number;
  /** Stored bytes, without padding. */
  readonly sizeBytes: number;
  /** After decoding the codec. */
  readonly rawSizeBytes: number;
  /** CRC-32 of the stored bytes. */
  readonly crc: number;
  readonly codec: SectionCodec;
}

/** Labels of series that are kept in the metadata, so that planning and listing need not read the block. */
export const INDEXED_LABELS: readonly string[] = [
  "__name__",
  "__period_type__",
  "__period_unit__",
  "__profile_type__",
  "__type__",
  "__unit__",
  "service_name",
];
