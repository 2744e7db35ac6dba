import type { BlockMeta, DatasetMeta } from "../block-meta.ts";
import { fetchStoredSections, type RangeReader, type StoredSection } from "../dataset-reader.ts";
import { DATASET_SECTIONS } from "../decode-dataset.ts";

/** Objects of several datasets are read whole up to this size: a request costs more than what it brings. */
const WHOLE_READ_BYTES = 1 << 20;

/** Reads the datasets of one source, and counts what it read. */
export class SourceReader {
  readonly #meta: BlockMeta;
  readonly #reader: RangeReader;
  /** Bytes up to the metadata, once they were asked for. */
  #whole: Promise<Uint8Array> | undefined;
  #bytesRead = 0;

  constructor(meta: BlockMeta, reader: RangeReader) {
    this.#meta = meta;
    this.#reader = reader;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** @throws {DataLossError} when the metadata names too few sections; and errors of the reader. */
  fetch(dataset: DatasetMeta, signal: AbortSignal): Promise<readonly StoredSection[]> {
    const { id: block, datasets, sizeBytes } = this.#meta;
    const isRead = datasets.length > 1 && sizeBytes <= WHOLE_READ_BYTES;
    const reader = { read: isRead ? this.#readFromWhole : this.#read };
    return fetchStoredSections(dataset, DATASET_SECTIONS, { reader, block }, signal);
  }

  readonly #read = (offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> => {
    this.#bytesRead += length;
    return this.#reader.read(offset, length, signal);
  };

  readonly #readFromWhole = async (
    offset: number,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> => {
    const end = Math.max(...this.#meta.datasets.map((dataset) => dataset.offset + dataset.sizeBytes));
    this.#whole ??= this.#read(0, end, signal);
    return (await this.#whole).subarray(offset, offset + length);
  };
}
