import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { DataLossError } from "@hearth/errors";
import type { Label, Labels } from "@hearth/labels";
import {
  BlockMetaSchema,
  SectionCodec as WireCodec,
  SectionKind as WireKind,
  type BlockMeta as WireBlockMeta,
  type Dataset as WireDataset,
  type Origin as WireOrigin,
  type Section as WireSection,
} from "@hearth/proto/hearth/block/v1";
import {
  type BlockMeta,
  type BlockOrigin,
  type DatasetMeta,
  OPTIONAL_SECTIONS,
  type Section,
  type SectionCodec,
  type SectionKind,
} from "../block-meta.ts";

const KINDS: ReadonlyMap<number, SectionKind> = new Map([
  [WireKind.SERIES, "series"],
  [WireKind.PROFILES, "profiles"],
  [WireKind.NAMES, "names"],
  [WireKind.TREE, "tree"],
  [WireKind.SAMPLES, "samples"],
  [WireKind.SYMBOLS, "symbols"],
  [WireKind.ROLLUP, "rollup"],
]);
const CODECS: ReadonlyMap<number, SectionCodec> = new Map([
  [WireCodec.NONE, "none"],
  [WireCodec.ZSTD, "zstd"],
]);
const WIRE_KINDS: ReadonlyMap<SectionKind, WireKind> = inverse(KINDS) as ReadonlyMap<SectionKind, WireKind>;
const WIRE_CODECS: ReadonlyMap<SectionCodec, WireCodec> = inverse(CODECS) as ReadonlyMap<
  SectionCodec,
  WireCodec
>;

/** The bytes of `hearth.block.v1.BlockMeta`. */
export function encodeBlockMeta(meta: BlockMeta): Uint8Array {
  return toBinary(BlockMetaSchema, blockMetaToWire(meta));
}

/** @throws {DataLossError} when the bytes are no metadata. */
export function decodeBlockMeta(bytes: Uint8Array): BlockMeta {
  let wire: WireBlockMeta;
  try {
    wire = fromBinary(BlockMetaSchema, bytes);
  } catch (error) {
    throw new DataLossError("block: metadata is not readable", { cause: error });
  }
  return blockMetaFromWire(wire);
}

/**
 * The metadata as a message: a plain object with all fields, which is what `create` would make of it in three times the
 * time. A wide query carries the metadata of thousands of sections.
 */
export function blockMetaToWire(meta: BlockMeta): WireBlockMeta {
  const strings = new StringTable();
  return {
    $typeName: "hearth.block.v1.BlockMeta",
    formatVersion: meta.formatVersion,
    id: meta.id,
    tenant: strings.index(meta.tenant),
    shard: meta.shard,
    level: meta.level,
    minTimeMs: BigInt(meta.minTimeMs),
    maxTimeMs: BigInt(meta.maxTimeMs),
    createdBy: strings.index(meta.createdBy),
    sizeBytes: BigInt(meta.sizeBytes),
    datasets: meta.datasets.map((dataset) => datasetToWire(dataset, strings)),
    stringTable: strings.list,
    ...(meta.origin && { origin: originToWire(meta.origin) }),
  };
}

/** @throws {DataLossError} when an index or a number is out of range. */
export function blockMetaFromWire(wire: WireBlockMeta): BlockMeta {
  const text = (index: number): string => {
    const string = wire.stringTable[index];
    if (string === undefined)
      throw new DataLossError(`block: no such string in metadata: block=${wire.id} index=${index}`);
    return string;
  };
  return {
    formatVersion: wire.formatVersion,
    id: wire.id,
    tenant: text(wire.tenant),
    shard: wire.shard,
    level: wire.level,
    minTimeMs: toNumber(wire.minTimeMs),
    maxTimeMs: toNumber(wire.maxTimeMs),
    createdBy: text(wire.createdBy),
    sizeBytes: toNumber(wire.sizeBytes),
    datasets: wire.datasets.map((dataset) => datasetFromWire(dataset, text)),
    ...(wire.origin && { origin: originFromWire(wire.origin) }),
  };
}

function originToWire({ sources, outputCount, deletionsApplied, isRewrite }: BlockOrigin): WireOrigin {
  return {
    $typeName: "hearth.block.v1.Origin",
    sources: [...sources],
    outputCount,
    deletionsApplied: BigInt(deletionsApplied ?? 0),
    isRewrite: isRewrite ?? false,
  };
}

function originFromWire({ sources, outputCount, deletionsApplied, isRewrite }: WireOrigin): BlockOrigin {
  return {
    sources,
    outputCount,
    ...(deletionsApplied > 0n && { deletionsApplied: toNumber(deletionsApplied) }),
    ...(isRewrite && { isRewrite }),
  };
}

function datasetToWire(dataset: DatasetMeta, strings: StringTable): WireDataset {
  return {
    $typeName: "hearth.block.v1.Dataset",
    tenant: strings.index(dataset.tenant),
    name: strings.index(dataset.service),
    minTimeMs: BigInt(dataset.minTimeMs),
    maxTimeMs: BigInt(dataset.maxTimeMs),
    offset: BigInt(dataset.offset),
    sizeBytes: BigInt(dataset.sizeBytes),
    sections: dataset.sections.filter((section) => !isOptional(section)).map(sectionToWire),
    optionalSections: dataset.sections.filter(isOptional).map(sectionToWire),
    labels: labelSetsToWire(dataset.labelSets, strings),
    seriesCount: dataset.seriesCount,
    profileCount: dataset.profileCount,
    sampleCount: BigInt(dataset.sampleCount),
  };
}

function labelSetsToWire(sets: readonly Labels[], strings: StringTable): number[] {
  const numbers: number[] = [];
  for (const labels of sets) {
    numbers.push(labels.length);
    for (const { name, value } of labels) numbers.push(strings.index(name), strings.index(value));
  }
  return numbers;
}

function datasetFromWire(wire: WireDataset, text: (index: number) => string): DatasetMeta {
  return {
    tenant: text(wire.tenant),
    service: text(wire.name),
    minTimeMs: toNumber(wire.minTimeMs),
    maxTimeMs: toNumber(wire.maxTimeMs),
    offset: toNumber(wire.offset),
    sizeBytes: toNumber(wire.sizeBytes),
    sections: [...wire.sections.map(sectionFromWire), ...optionalSectionsFromWire(wire.optionalSections)],
    labelSets: labelSetsFromWire(wire.labels, text),
    seriesCount: wire.seriesCount,
    profileCount: wire.profileCount,
    sampleCount: toNumber(wire.sampleCount),
  };
}

function labelSetsFromWire(numbers: readonly number[], text: (index: number) => string): Labels[] {
  const sets: Labels[] = [];
  for (let at = 0; at < numbers.length;) {
    const end = at + 1 + numbers[at]! * 2;
    if (end > numbers.length) throw new DataLossError("block: label sets in metadata end early");
    const labels: Label[] = [];
    for (at++; at < end; at += 2) labels.push({ name: text(numbers[at]!), value: text(numbers[at + 1]!) });
    sets.push(labels);
  }
  return sets;
}

function sectionToWire(section: Section): WireSection {
  return {
    $typeName: "hearth.block.v1.Section",
    kind: WIRE_KINDS.get(section.kind)!,
    offset: BigInt(section.offset),
    sizeBytes: BigInt(section.sizeBytes),
    rawSizeBytes: BigInt(section.rawSizeBytes),
    crc: section.crc,
    codec: WIRE_CODECS.get(section.codec)!,
  };
}

/** A newer writer may have added some that are unknown here: they are left out. */
function optionalSectionsFromWire(sections: readonly WireSection[]): Section[] {
  return sections
    .filter(({ kind, codec }) => KINDS.has(kind) && CODECS.has(codec))
    .map(sectionFromWire)
    .filter(isOptional);
}

function isOptional({ kind }: Section): boolean {
  return OPTIONAL_SECTIONS.includes(kind);
}

function sectionFromWire(wire: WireSection): Section {
  const kind = KINDS.get(wire.kind);
  const codec = CODECS.get(wire.codec);
  if (!kind || !codec)
    throw new DataLossError(`block: unknown section: kind=${wire.kind} codec=${wire.codec}`);
  return {
    kind,
    offset: toNumber(wire.offset),
    sizeBytes: toNumber(wire.sizeBytes),
    rawSizeBytes: toNumber(wire.rawSizeBytes),
    crc: wire.crc,
    codec,
  };
}

/** Sizes, offsets and times are below 2^53. */
function toNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new DataLossError(`block: number out of range in metadata: value=${value}`);
  return number;
}

/** Distinct strings, numbered as they come; 0 is empty. */
class StringTable {
  readonly list: string[] = [""];
  readonly #indexes = new Map([["", 0]]);

  index(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) this.#indexes.set(text, (index = this.list.push(text) - 1));
    return index;
  }
}

function inverse<K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<V, K> {
  return new Map(Array.from(map, ([key, value]) => [value, key]));
}
