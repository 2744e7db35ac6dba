import type { BlockMeta, DatasetMeta, Section, SectionCodec, SectionKind } from "@hearth/block";
import { DataLossError } from "@hearth/errors";
import type { ByteReader, ByteWriter } from "../bytes.ts";
import type { DatasetKind, Vocabulary } from "./vocabulary.ts";

/**
 * A block as bytes, without its id: what the index holds of each. A dataset is a kind, a length and its numbers, so that
 * a query passes over those that it does not want.
 */

/** Numbers of the kinds and codecs in records: their positions here. Only ever appended to. */
const SECTION_KINDS: readonly SectionKind[] = [
  "series",
  "profiles",
  "names",
  "tree",
  "samples",
  "symbols",
  "rollup",
];
const SECTION_CODECS: readonly SectionCodec[] = ["none", "zstd"];

/** The numbers of a block without its datasets. */
export interface RecordHead {
  readonly formatVersion: number;
  readonly tenant: string;
  readonly shard: number;
  readonly level: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly createdBy: string;
  readonly sizeBytes: number;
  readonly datasetCount: number;
}

/**
 * Appends the record of a block to `out`; words that are new go into the vocabulary.
 *
 * @param scratch - its content is lost.
 */
export function encodeRecord(
  block: BlockMeta,
  vocabulary: Vocabulary,
  out: ByteWriter,
  scratch: ByteWriter,
): void {
  out.integer(block.formatVersion);
  out.integer(vocabulary.stringNumber(block.tenant));
  out.integer(block.shard);
  out.integer(block.level);
  out.integer(block.minTimeMs);
  out.integer(block.maxTimeMs - block.minTimeMs);
  out.integer(vocabulary.stringNumber(block.createdBy));
  out.integer(block.sizeBytes);
  out.integer(block.datasets.length);
  for (const dataset of block.datasets) {
    scratch.clear();
    encodeDataset(dataset, block.minTimeMs, scratch);
    out.integer(vocabulary.kindNumber(dataset));
    out.integer(scratch.length);
    out.bytes(scratch.written());
  }
  // Of most blocks nothing was ever deleted: their records end here, as all did before there were deletions.
  const applied = block.origin?.deletionsApplied ?? 0;
  if (applied > 0) out.integer(applied);
}

/** The number of the last deletion that was applied when the block was written; 0 when there was none. */
export function decodeDeletionsApplied(bytes: ByteReader): number {
  for (let left = skipRecordHead(bytes); left > 0; left--) {
    bytes.integer();
    bytes.skip(bytes.integer());
  }
  return bytes.isAtEnd ? 0 : bytes.integer();
}

/** Reads a head; the reader then stands before the datasets. @throws {DataLossError} when it ends early. */
export function decodeRecordHead(bytes: ByteReader, vocabulary: Vocabulary): RecordHead {
  const formatVersion = bytes.integer();
  const tenant = vocabulary.string(bytes.integer());
  const shard = bytes.integer();
  const level = bytes.integer();
  const minTimeMs = bytes.integer();
  const maxTimeMs = minTimeMs + bytes.integer();
  const createdBy = vocabulary.string(bytes.integer());
  const sizeBytes = bytes.integer();
  const datasetCount = bytes.integer();
  return { formatVersion, tenant, shard, level, minTimeMs, maxTimeMs, createdBy, sizeBytes, datasetCount };
}

/** Passes over a head without making an object of it. @returns the number of datasets that follow. */
export function skipRecordHead(bytes: ByteReader): number {
  for (let i = 0; i < 8; i++) bytes.integer();
  return bytes.integer();
}

/**
 * Reads the numbers of a dataset.
 *
 * @param kind - what the vocabulary says of it.
 * @throws {DataLossError} when they end early, or a section is unknown.
 */
export function decodeDataset(bytes: ByteReader, kind: DatasetKind, blockMinTimeMs: number): DatasetMeta {
  const minTimeMs = blockMinTimeMs + bytes.integer();
  const maxTimeMs = minTimeMs + bytes.integer();
  const offset = bytes.integer();
  const sizeBytes = bytes.integer();
  const sections: Section[] = [];
  for (let left = bytes.integer(); left > 0; left--) sections.push(decodeSection(bytes, offset));
  const seriesCount = bytes.integer();
  const profileCount = bytes.integer();
  const sampleCount = bytes.integer();
  return {
    tenant: kind.tenant,
    service: kind.service,
    labelSets: kind.labelSets,
    minTimeMs,
    maxTimeMs,
    offset,
    sizeBytes,
    sections,
    seriesCount,
    profileCount,
    sampleCount,
  };
}

function encodeDataset(dataset: DatasetMeta, blockMinTimeMs: number, out: ByteWriter): void {
  out.integer(dataset.minTimeMs - blockMinTimeMs);
  out.integer(dataset.maxTimeMs - dataset.minTimeMs);
  out.integer(dataset.offset);
  out.integer(dataset.sizeBytes);
  out.integer(dataset.sections.length);
  for (const section of dataset.sections) encodeSection(section, dataset.offset, out);
  out.integer(dataset.seriesCount);
  out.integer(dataset.profileCount);
  out.integer(dataset.sampleCount);
}

function encodeSection(section: Section, datasetOffset: number, out: ByteWriter): void {
  out.integer(SECTION_KINDS.indexOf(section.kind));
  out.integer(section.offset - datasetOffset);
  out.integer(section.sizeBytes);
  out.integer(section.rawSizeBytes);
  out.uint32(section.crc);
  out.integer(SECTION_CODECS.indexOf(section.codec));
}

function decodeSection(bytes: ByteReader, datasetOffset: number): Section {
  const kind = SECTION_KINDS[bytes.integer()];
  const offset = datasetOffset + bytes.integer();
  const sizeBytes = bytes.integer();
  const rawSizeBytes = bytes.integer();
  const crc = bytes.uint32();
  const codec = SECTION_CODECS[bytes.integer()];
  if (!kind || !codec) throw new DataLossError("a record has an unknown section");
  return { kind, offset, sizeBytes, rawSizeBytes, crc, codec };
}
