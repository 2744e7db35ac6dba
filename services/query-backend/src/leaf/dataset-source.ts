import {
  decodeNames,
  decodeProfiles,
  decodeSamples,
  decodeSeriesSection,
  decodeSymbols,
  decodeTree,
  fetchSections,
  type BlockMeta,
  type CallTree,
  type DatasetMeta,
  type RangeReader,
  type SectionKind,
} from "@hearth/block";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import type { SeriesIndex } from "@hearth/series-index";
import type { Symbols } from "@hearth/symbols";
import type { SectionCache } from "./section-cache.ts";

/** The decoded parts of datasets that queries work on. */
export interface DatasetParts {
  readonly series: SeriesIndex;
  readonly rows: RowColumns;
  readonly tree: CallTree;
  readonly samples: SampleColumns;
  readonly symbols: Symbols;
}

export type DatasetPart = keyof DatasetParts;

/** One dataset of a block, its parts decoded when they are asked for and kept in the cache. */
export class DatasetSource {
  readonly meta: DatasetMeta;
  readonly #block: BlockMeta;
  readonly #reader: RangeReader;
  readonly #cache: SectionCache;
  #fetchedBytes = 0;

  constructor(block: BlockMeta, meta: DatasetMeta, deps: { reader: RangeReader; cache: SectionCache }) {
    this.#block = block;
    this.meta = meta;
    this.#reader = deps.reader;
    this.#cache = deps.cache;
  }

  /** Names the dataset among all of all blocks. */
  get key(): string {
    return `${this.#block.id}/${this.meta.offset}`;
  }

  /** What had to be read for this dataset so far. */
  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  async series(signal: AbortSignal): Promise<SeriesIndex> {
    return this.#part(
      "series",
      ["series"],
      (sections) => decodeSeriesSection(sections.get("series")!),
      signal,
    );
  }

  async rows(signal: AbortSignal): Promise<RowColumns> {
    const counts = { series: this.meta.seriesCount, samples: this.meta.sampleCount };
    return this.#part(
      "rows",
      ["profiles"],
      (sections) => decodeProfiles(sections.get("profiles")!, counts),
      signal,
    );
  }

  async tree(signal: AbortSignal): Promise<CallTree> {
    const decode = (sections: ReadonlyMap<SectionKind, Uint8Array>): CallTree =>
      decodeTree(sections.get("tree")!, decodeNames(sections.get("names")!));
    return this.#part("tree", ["names", "tree"], decode, signal);
  }

  async samples(signal: AbortSignal): Promise<SampleColumns> {
    const { nodeOf } = await this.tree(signal);
    const counts = { samples: this.meta.sampleCount, stacktraces: nodeOf.length };
    return this.#part(
      "samples",
      ["samples"],
      (sections) => decodeSamples(sections.get("samples")!, counts),
      signal,
    );
  }

  async symbols(signal: AbortSignal): Promise<Symbols> {
    const decode = (sections: ReadonlyMap<SectionKind, Uint8Array>): Symbols =>
      decodeSymbols(sections.get("symbols")!, decodeNames(sections.get("names")!));
    return this.#part("symbols", ["names", "symbols"], decode, signal);
  }

  async #part<T extends DatasetParts[DatasetPart]>(
    part: DatasetPart,
    kinds: readonly SectionKind[],
    decode: (sections: ReadonlyMap<SectionKind, Uint8Array>) => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const load = async (loadSignal: AbortSignal): Promise<{ value: T; sizeBytes: number }> => {
      const source = { reader: this.#reader, block: this.#block.id };
      const sections = await fetchSections(this.meta, kinds, source, loadSignal);
      for (const section of this.meta.sections)
        if (kinds.includes(section.kind)) this.#fetchedBytes += section.sizeBytes;
      const value = await decode(sections);
      return { value, sizeBytes: estimateSizeBytes(value) };
    };
    return this.#cache.get(`${this.key}/${part}`, load, signal);
  }
}

/** Bytes of all typed arrays and strings below `value`; an object counts a little for itself. */
export function estimateSizeBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength + 64;
  if (typeof value === "string") return value.length * 2 + 16;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce<number>((sum, part) => sum + estimateSizeBytes(part), 64);
}
