import { crc32 } from "node:zlib";
import { heap, type Memory } from "@hearth/arena";
import type { Labels } from "@hearth/labels";
import type { ProfileColumns } from "@hearth/profile";
import { arrangeSymbols } from "./arrange-symbols.ts";
import {
  INDEXED_LABELS,
  OPTIONAL_SECTIONS,
  type BlockMeta,
  type BlockOrigin,
  type DatasetMeta,
  type Section,
  type SectionKind,
} from "./block-meta.ts";
import { buildCallTree, functionNames } from "./call-tree.ts";
import { encodeBlockMeta } from "./codec/block-meta-codec.ts";
import { compressSection } from "./codec/section-codec.ts";
import { encodeTrailer, FORMAT_VERSION, TRAILER_SIZE_BYTES } from "./codec/trailer.ts";
import type { PartSink } from "./part-sink.ts";
import { profileEnds } from "./profile-ends.ts";
import { rollUp } from "./roll-up.ts";
import { encodeProfiles } from "./sections/profiles-section.ts";
import { encodeRollups } from "./sections/rollup-section.ts";
import { encodeSamples } from "./sections/samples-section.ts";
import { shareSamples } from "./sections/shared-samples.ts";
import { encodeSeriesSection } from "./sections/series-section.ts";
import { encodeSymbols } from "./sections/symbols-section.ts";
import { encodeNames, encodeTree } from "./sections/tree-section.ts";

const ALIGNMENT = 8;
const PADDING = new Uint8Array(ALIGNMENT);

/** What a block is, but for its id and origin, which are known when it ends. */
export interface BlockIdentity extends Pick<BlockMeta, "tenant" | "shard" | "level" | "createdBy"> {}

export interface BlockWriterOptions {
  /** Whether datasets get rollups. */
  readonly rollups?: boolean;
}

/** Lays out a block: datasets one after another, then the metadata and the trailer. Nothing but metadata is kept here. */
export class BlockWriter {
  readonly #identity: BlockIdentity;
  readonly #sink: PartSink;
  readonly #options: BlockWriterOptions;
  readonly #datasets: DatasetMeta[] = [];
  /** Bytes in the sink. */
  #sizeBytes = 0;

  /** @param sink - where the block goes; it must be empty. */
  constructor(identity: BlockIdentity, sink: PartSink, options: BlockWriterOptions = {}) {
    this.#identity = identity;
    this.#sink = sink;
    this.#options = options;
  }

  /** What was written so far. */
  get datasets(): readonly DatasetMeta[] {
    return this.#datasets;
  }

  /**
   * @param columns - rows sorted by (series, time, profile id), at least one; as `ProfileMerger` builds them.
   * @param memory - where what is needed on the way lies; nothing of it or of `columns` is kept.
   * @throws {InvariantError} when there are rollups and samples do not sum to the totals of their rows.
   */
  addDataset(tenant: string, service: string, columns: ProfileColumns, memory: Memory = heap): void {
    const offset = this.#sizeBytes;
    const encoded = encodeSections(columns, memory, this.#options);
    const sections = Array.from(encoded, (section) => this.#append(section));
    const { minTimeMs, maxTimeMs } = timeRange(columns.rows.timeMs);
    this.#datasets.push({
      tenant,
      service,
      minTimeMs,
      maxTimeMs,
      offset,
      sizeBytes: this.#sizeBytes - offset,
      sections: optionalLast(sections),
      labelSets: indexedLabelSets(columns),
      seriesCount: columns.series.length,
      profileCount: columns.rows.count,
      sampleCount: columns.samples.count,
    });
  }

  /** Ends the block, which must hold a dataset: its bytes are what the sink was given. */
  finish(id: string, origin?: BlockOrigin): BlockMeta {
    const meta = this.#meta(id, origin);
    const encoded = encodeBlockMeta(meta);
    const trailer = {
      metaOffset: this.#sizeBytes,
      metaSizeBytes: encoded.length,
      metaCrc: crc32(encoded),
      formatVersion: FORMAT_VERSION,
    };
    this.#sink.write(encoded);
    this.#sink.write(encodeTrailer(trailer));
    return meta;
  }

  #append({ kind, raw, isCompressed }: EncodedSection): Section {
    const { bytes, codec } = isCompressed ? { bytes: raw, codec: "none" as const } : compressSection(raw);
    // What was made from columns may lie in memory that the next dataset takes.
    this.#sink.write(bytes === raw && !isCompressed ? raw.slice() : bytes);
    const offset = this.#sizeBytes;
    const end = offset + bytes.length;
    this.#sizeBytes = align(end);
    if (end < this.#sizeBytes) this.#sink.write(PADDING.subarray(0, this.#sizeBytes - end));
    return { kind, offset, sizeBytes: bytes.length, rawSizeBytes: raw.length, crc: crc32(bytes), codec };
  }

  /** The size of the object is part of its metadata, whose own size depends on it: settled in a few rounds. */
  #meta(id: string, origin: BlockOrigin | undefined): BlockMeta {
    const draft: BlockMeta = {
      ...this.#identity,
      id,
      formatVersion: FORMAT_VERSION,
      minTimeMs: this.#datasets.reduce((min, dataset) => Math.min(min, dataset.minTimeMs), Infinity),
      maxTimeMs: this.#datasets.reduce((max, dataset) => Math.max(max, dataset.maxTimeMs), 0),
      sizeBytes: 0,
      datasets: this.#datasets,
      ...(origin && { origin }),
    };
    for (let sizeBytes = this.#sizeBytes; ;) {
      const actual = this.#sizeBytes + encodeBlockMeta({ ...draft, sizeBytes }).length + TRAILER_SIZE_BYTES;
      if (actual === sizeBytes) return { ...draft, sizeBytes };
      sizeBytes = actual;
    }
  }
}

interface EncodedSection {
  readonly kind: SectionKind;
  readonly raw: Uint8Array;
  /** Parquet files compress their own pages. */
  readonly isCompressed: boolean;
}

/** Sections in their order, each made when it is asked for: of a large dataset one is in memory at a time. */
function* encodeSections(
  columns: ProfileColumns,
  memory: Memory,
  options: BlockWriterOptions,
): Generator<EncodedSection> {
  yield { kind: "series", raw: encodeSeriesSection(columns.series, memory), isCompressed: false };
  const stored = { rows: columns.rows, sharing: shareSamples(columns.rows, columns.samples, memory) };
  yield { kind: "profiles", raw: encodeProfiles(stored), isCompressed: true };
  const names = functionNames(columns.symbols, memory);
  const nameCount = names.interner.count;
  const functionsOnly = names.interner.view();
  const tree = buildCallTree(columns.symbols, names, memory);
  yield { kind: "names", raw: encodeNames(tree.names, memory), isCompressed: false };
  yield { kind: "tree", raw: encodeTree(tree, memory), isCompressed: false };
  const types = options.rollups ? rollUp(columns, memory) : [];
  // Beside the tree, with which it is read.
  if (types.length > 0) {
    const ends = profileEnds(columns.rows, memory);
    yield { kind: "rollup", raw: encodeRollups({ types, ends }, memory), isCompressed: false };
  }
  yield { kind: "samples", raw: encodeSamples(stored, columns.samples), isCompressed: true };
  const symbols = arrangeSymbols(columns.symbols, { names: functionsOnly, nameOf: names.nameOf }, memory);
  yield { kind: "symbols", raw: encodeSymbols(symbols, nameCount, memory), isCompressed: false };
}

/** In the order of the metadata. */
function optionalLast(sections: readonly Section[]): Section[] {
  const isOptional = ({ kind }: Section): boolean => OPTIONAL_SECTIONS.includes(kind);
  return [...sections.filter((section) => !isOptional(section)), ...sections.filter(isOptional)];
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
