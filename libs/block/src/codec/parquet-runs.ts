import { DataLossError } from "@hearth/errors";
import type { FileMetaData } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { decompressZstd } from "./zstd.ts";

type ColumnChunk = NonNullable<FileMetaData["row_groups"][number]["columns"][number]["meta_data"]>;
type PageHeader = ReturnType<typeof parquetHeader>;

/**
 * Checks that the runs of dictionary pages hold no more values than their pages. hyparquet repeats a value as often as a
 * run says: a few bytes of damage could fill gigabytes.
 *
 * @param names - the columns that will be read; all when absent.
 * @throws {DataLossError} for a run that is longer than its page.
 */
export function checkRuns(file: ArrayBuffer, metadata: FileMetaData, names?: readonly string[]): void {
  for (const { columns } of metadata.row_groups) {
    for (const { meta_data: chunk } of columns) {
      const name = chunk?.path_in_schema[0] ?? "";
      const isRead = names === undefined || names.includes(name);
      if (chunk?.encodings.includes("RLE_DICTIONARY") && isRead) checkChunk(file, chunk, name);
    }
  }
}

function checkChunk(file: ArrayBuffer, chunk: ColumnChunk, name: string): void {
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
  const view = new DataView(file, start, Number(chunk.total_compressed_size));
  const reader = { view, offset: 0 };
  while (reader.offset < view.byteLength - 1) {
    const header = parquetHeader(reader);
    const stored = new Uint8Array(file, start + reader.offset, header.compressed_page_size);
    reader.offset += stored.length;
    const values = header.data_page_header_v2?.num_values ?? header.data_page_header?.num_values;
    if (values !== undefined && !holdsRuns(contentOf(stored, header, chunk), values))
      throw new DataLossError(`run is longer than its page: column=${name}`);
  }
}

/** What is not compressed stays as it is; columns here have no levels before their values. */
function contentOf(stored: Uint8Array, header: PageHeader, { codec }: ColumnChunk): Uint8Array {
  const isCompressed = codec !== "UNCOMPRESSED" && header.data_page_header_v2?.is_compressed !== false;
  return isCompressed ? decompressZstd(stored, header.uncompressed_page_size) : stored;
}

/** A byte with the width of a value, then runs: one value repeated, or groups of eight, of which the last may be cut. */
function holdsRuns(page: Uint8Array, valueCount: number): boolean {
  const width = page[0] ?? 0;
  let position = 1;
  let left = valueCount;
  while (left > 0 && position < page.length) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = page[position++] ?? 0;
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const count = Math.floor(header / 2);
    const isRepeated = header % 2 === 0;
    const values = isRepeated ? count : count * 8;
    if (values > (isRepeated ? left : left + 7)) return false;
    position += isRepeated ? Math.ceil(width / 8) : count * width;
    left -= values;
  }
  return true;
}
