import type { BlockMeta, Dataset, Section } from "@hearth/proto/hearth/block/v1";

/*
 * How long a message of metadata is in bytes, without writing it: writing thousands of sections only to measure them takes
 * longer than most label questions. Fields are those of `block.proto`; all tags take one byte.
 */

/** Bytes of a block as an entry of a list in another message. */
export function metadataSizeBytes(meta: BlockMeta): number {
  let sum = integer(meta.formatVersion) + text(meta.id) + integer(meta.tenant) + integer(meta.shard);
  sum += integer(meta.level) + wide(meta.minTimeMs) + wide(meta.maxTimeMs) + integer(meta.createdBy);
  sum += wide(meta.sizeBytes);
  for (const dataset of meta.datasets) sum += nested(datasetBytes(dataset));
  // An element of a list is written even when it is empty.
  for (const string of meta.stringTable) sum += nested(Buffer.byteLength(string));
  return nested(sum);
}

function datasetBytes(dataset: Dataset): number {
  let sum = integer(dataset.tenant) + integer(dataset.name) + wide(dataset.minTimeMs);
  sum += wide(dataset.maxTimeMs) + wide(dataset.offset) + wide(dataset.sizeBytes);
  sum += integer(dataset.seriesCount) + integer(dataset.profileCount) + wide(dataset.sampleCount);
  for (const section of dataset.sections) sum += nested(sectionBytes(section));
  for (const section of dataset.optionalSections) sum += nested(sectionBytes(section));
  let packed = 0;
  for (const label of dataset.labels) packed += varint(label);
  return packed === 0 ? sum : sum + nested(packed);
}

function sectionBytes({ kind, offset, sizeBytes, rawSizeBytes, crc, codec }: Section): number {
  const fixed = crc === 0 ? 0 : 1 + 4;
  return integer(kind) + wide(offset) + wide(sizeBytes) + wide(rawSizeBytes) + fixed + integer(codec);
}

/** A field that is left out when it is 0. */
function integer(value: number): number {
  return value === 0 ? 0 : 1 + varint(value);
}

/** One of 64 bits; all of ours are below 2^53. */
function wide(value: bigint): number {
  return integer(Number(value));
}

function text(value: string): number {
  return value === "" ? 0 : nested(Buffer.byteLength(value));
}

function nested(sizeBytes: number): number {
  return 1 + varint(sizeBytes) + sizeBytes;
}

/** Seven bits a byte. */
function varint(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) length++;
  return length;
}
