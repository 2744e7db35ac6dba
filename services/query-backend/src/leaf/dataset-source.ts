import {
  decodeNames,
  decodeProfiles,
  decodeRollups,
  decodeSamples,
  decodeSeriesSection,
  decodeSymbols,
  decodeTree,
  fetchSections,
  type BlockMeta,
  type CallTree,
  type DatasetMeta,
  type DatasetRollups,
  type SectionKind,
  type StoredRows,
} from "@hearth/block";
import type { RowColumns, SampleColumns } from "@hearth/profile";
import type { SeriesIndex } from "@hearth/series-index";
import type { RunReader } from "./run-reader.ts";
import type { SectionCache } from "./section-cache.ts";
import type { SharedSymbols } from "./shared-symbols.ts";
import type { SharedTree } from "./shared-tree.ts";

/** One dataset of a block, its parts decoded when they are asked for and kept in the cache. */
export class DatasetSource {
  readonly meta: DatasetMeta;
  /** Of its block among those of the request. */
  readonly blockPosition: number;
  readonly #block: BlockMeta;
  readonly #reader: RunReader;
  readonly #cache: SectionCache;

  /** @param deps.reader - of the block's object; all its datasets share it. */
  constructor(
    block: BlockMeta,
    meta: DatasetMeta,
    deps: { position: number; reader: RunReader; cache: SectionCache },
  ) {
    this.#block = block;
    this.meta = meta;
    this.blockPosition = deps.position;
    this.#reader = deps.reader;
    this.#cache = deps.cache;
  }

  /** Of its block. */
  get shard(): number {
    return this.#block.shard;
  }

  /** Forgets what was read up to its end: of neither this dataset nor one before it will any more be asked for. */
  release(): void {
    this.#reader.release(this.meta.offset + this.meta.sizeBytes);
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
    return (await this.#storedRows(signal)).rows;
  }

  async #storedRows(signal: AbortSignal): Promise<StoredRows> {
    const counts = { series: this.meta.seriesCount, samples: this.meta.sampleCount };
    return this.#part(
      "profiles",
      ["profiles"],
      (sections) => decodeProfiles(sections.get("profiles")!, counts),
      signal,
    );
  }

  /** @param stacktraces - how many there are, so that samples can be checked. */
  async samples(stacktraces: number, signal: AbortSignal): Promise<SampleColumns> {
    const counts = { samples: this.meta.sampleCount, stacktraces };
    const stored = await this.#storedRows(signal);
    return this.#part(
      "samples",
      ["samples"],
      (sections) => decodeSamples(sections.get("samples")!, stored, counts),
      signal,
    );
  }

  /** What all rows of some profile types sum to; undefined when it is not known of one of them. */
  async rollups(profileTypes: readonly string[], signal: AbortSignal): Promise<DatasetRollups | undefined> {
    const decode = (sections: Sections): DatasetRollups | undefined =>
      decodeRollups(sections.get("rollup")!, profileTypes);
    return this.#part(`rollup/${profileTypes.join("/")}`, ["rollup"], decode, signal);
  }

  /** The call tree itself, which only call sites need: see {@link nodes}. */
  async tree(signal: AbortSignal): Promise<CallTree> {
    return this.#part("tree", ["names", "tree"], treeOf, signal);
  }

  /** For each stack trace its node in a tree that datasets share. Kept instead of the dataset's own, far larger tree. */
  async nodes(shared: SharedTree, signal: AbortSignal): Promise<Uint32Array> {
    const decode = (sections: Sections): Uint32Array => {
      const tree = treeOf(sections);
      const own = shared.merge(tree);
      return tree.nodeOf.map((node) => own[node]!);
    };
    return this.#part(`nodes/${shared.id}`, ["names", "tree"], decode, signal);
  }

  /** For each stack trace its number in symbols that datasets share. Kept instead of the dataset's own symbols. */
  async stacktraces(shared: SharedSymbols, signal: AbortSignal): Promise<Uint32Array> {
    const decode = (sections: Sections): Uint32Array =>
      shared.merge(decodeSymbols(sections.get("symbols")!, decodeNames(sections.get("names")!)));
    return this.#part(`stacktraces/${shared.id}`, ["names", "symbols"], decode, signal);
  }

  async #part<T>(
    part: string,
    kinds: readonly SectionKind[],
    decode: (sections: Sections) => T | Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const load = async (loadSignal: AbortSignal): Promise<{ value: T; sizeBytes: number }> => {
      const source = { reader: this.#reader, block: this.#block.id };
      const sections = await fetchSections(this.meta, kinds, source, loadSignal);
      const value = await decode(sections);
      return { value, sizeBytes: estimateSizeBytes(value) };
    };
    return this.#cache.get(partKey(this.#block, this.meta, part), load, signal);
  }
}

/** Of what the cache keeps. @param part - of a section that is decoded by itself, its kind. */
export function partKey({ id }: Pick<BlockMeta, "id">, { offset }: DatasetMeta, part: string): string {
  return `${id}/${offset}/${part}`;
}

type Sections = ReadonlyMap<SectionKind, Uint8Array>;

function treeOf(sections: Sections): CallTree {
  return decodeTree(sections.get("tree")!, decodeNames(sections.get("names")!));
}

/** Bytes of all typed arrays and strings below `value`; an object counts a little for itself. */
function estimateSizeBytes(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength + 64;
  if (typeof value === "string") return value.length * 2 + 16;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce<number>((sum, part) => sum + estimateSizeBytes(part), 64);
}
