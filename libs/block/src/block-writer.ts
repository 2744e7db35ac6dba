import { crc32 } from "node:zlib";
import { heap, type Memory } from "@hearth/arena";
import type { Labels } from "@hearth/labels";
import type { ProfileColumns } from "@hearth/profile";
import { arrangeSymbols } from "./arrange-symbols.ts";
import {
  INDEXED_LABELS,
  type BlockMeta,
  type DatasetMeta,
  type Section,
  type SectionKind,
} from "./block-meta.ts";
import { buildCallTree, functionNames } from "./call-tree.ts";
import { encodeBlockMeta } from "./codec/block-meta-codec.ts";
import { compressSection } from "./codec/section-codec.ts";
import { encodeTrailer, FORMAT_VERSION, TRAILER_SIZE_BYTES } from "./codec/trailer.ts";
import { encodeProfiles } from "./sections/profiles-section.ts";
import { encodeSamples } from "./sections/samples-section.ts";
import { encodeSeriesSection } from "./sections/series-section.ts";
import { encodeSymbols } from "./sections/symbols-section.ts";
import { encodeNames, encodeTree } from "./sections/tree-section.ts";

const ALIGNMENT = 8;

export interface BlockIdentity {
  readonly id: string;
  readonly tenant: string;
  readonly shard: number;
  readonly level: number;
  readonly createdBy: string;
}

export interface FinishedBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly meta: BlockMeta;
}

/** Lays out a block: datasets one after another, then the metadata and the trailer. */
export class BlockWriter {
  readonly #identity: BlockIdentity;
  readonly #parts: Uint8Array[] = [];
  readonly #datasets: DatasetMeta[] = [];
  #sizeBytes = 0;

  constructor(identity: BlockIdentity) {
    this.#identity = identity;
  }

  get datasetCount(): number {
    return this.#datasets.length;
  }

  /**
   * @param columns - rows sorted by (series, time, profile id), at least one; as `ProfileMerger` builds them.
   * @param memory - where what is needed on the way lies; nothing of it or of `columns` is kept.
   */
  addDataset(tenant: string, service: string, columns: ProfileColumns, memory: Memory = heap): void {
    const offset = this.#sizeBytes;
    const sections = Array.from(encodeSections(columns, memory), ([kind, section]) =>
      this.#append(kind, section),
    );
    const { minTimeMs, maxTimeMs } = timeRange(columns.rows.timeMs);
    this.#datasets.push({
      tenant,
      service,
      minTimeMs,
      maxTimeMs,
      offset,
      sizeBytes: this.#sizeBytes - offset,
      sections,
      labelSets: indexedLabelSets(columns),
      seriesCount: columns.series.length,
      profileCount: columns.rows.count,
      sampleCount: columns.samples.count,
    });
  }

  /** Ends the block; it must hold a dataset. */
  finish(): FinishedBlock {
    const meta = this.#meta();
    const encoded = encodeBlockMeta(meta);
    const bytes = new Uint8Array(meta.sizeBytes);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at = align(at + part.length);
    }
    bytes.set(encoded, at);
    const trailer = {
      metaOffset: at,
      metaSizeBytes: encoded.length,
      metaCrc: crc32(encoded),
      formatVersion: FORMAT_VERSION,
    };
    bytes.set(encodeTrailer(trailer), at + encoded.length);
    return { bytes, meta };
  }

  #append(kind: SectionKind, { raw, isCompressed }: EncodedSection): Section {
    const { bytes, codec } = isCompressed ? { bytes: raw, codec: "none" as const } : compressSection(raw);
    // What was made from columns may lie in memory that the next dataset takes.
    const offset = this.#sizeBytes;
    this.#parts.push(bytes === raw && !isCompressed ? raw.slice() : bytes);
    this.#sizeBytes = align(offset + bytes.length);
    return { kind, offset, sizeBytes: bytes.length, rawSizeBytes: raw.length, crc: crc32(bytes), codec };
  }

  /** The size of the object is part of its metadata, whose own size depends on it: settled in a few rounds. */
  #meta(): BlockMeta {
    const draft: BlockMeta = {
      ...this.#identity,
      formatVersion: FORMAT_VERSION,
      minTimeMs: this.#datasets.reduce((min, dataset) => Math.min(min, dataset.minTimeMs), Infinity),
      maxTimeMs: this.#datasets.reduce((max, dataset) => Math.max(max, dataset.maxTimeMs), 0),
      sizeBytes: 0,
      datasets: this.#datasets,
    };
    for (let sizeBytes = this.#sizeBytes; ;) {
      const actual = this.#sizeBytes + encodeBlockMeta({ ...draft, sizeBytes }).length + TRAILER_SIZE_BYTES;
      if (actual === sizeBytes) return { ...draft, sizeBytes };
      sizeBytes = actual;
    }
  }
}

interface EncodedSection {
  readonly raw: Uint8Array;
  /** Parquet files compress their own pages. */
  readonly isCompressed: boolean;
}

function encodeSections(columns: ProfileColumns, memory: Memory): ReadonlyMap<SectionKind, EncodedSection> {
  const names = functionNames(columns.symbols, memory);
  const nameCount = names.interner.count;
  const functionsOnly = names.interner.view();
  const tree = buildCallTree(columns.symbols, names, memory);
  const symbols = arrangeSymbols(columns.symbols, { names: functionsOnly, nameOf: names.nameOf }, memory);
  return new Map([
    ["series", { raw: encodeSeriesSection(columns.series, memory), isCompressed: false }],
    ["profiles", { raw: encodeProfiles(columns.rows), isCompressed: true }],
    ["names", { raw: encodeNames(tree.names, memory), isCompressed: false }],
    ["tree", { raw: encodeTree(tree, memory), isCompressed: false }],
    ["samples", { raw: encodeSamples(columns.samples), isCompressed: true }],
    ["symbols", { raw: encodeSymbols(symbols, nameCount, memory), isCompressed: false }],
  ]);
}

function timeRange(timeMs: Float64Array): { minTimeMs: number; maxTimeMs: number } {
  return {
    minTimeMs: timeMs.reduce((min, time) => Math.min(min, time), Infinity),
    maxTimeMs: timeMs.reduce((max, time) => Math.max(max, time), 0),
  };
}

function indexedLabelSets({ series }: ProfileColumns): Labels[] {
  const sets = new Map<string, Labels>();
  for (const { labels } of series) {
    const indexed = labels
      .filter(({ name }) => INDEXED_LABELS.includes(name))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    sets.set(JSON.stringify(indexed), indexed);
  }
  return [...sets.values()];
}

function align(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
