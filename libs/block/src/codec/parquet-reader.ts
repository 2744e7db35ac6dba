import { DataLossError } from "@hearth/errors";
import { parquetMetadata, type FileMetaData } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { type ColumnValues, decodePage } from "./parquet-page.ts";
import { decompressZstd } from "./zstd.ts";

export type ParquetColumns = ReadonlyMap<string, ColumnValues>;

type ColumnChunk = NonNullable<FileMetaData["row_groups"][number]["columns"][number]["meta_data"]>;
type PageHeader = ReturnType<typeof parquetHeader>;

/**
 * Reads the columns of a file that `encodeParquet` wrote.
 *
 * @throws {DataLossError} when it is not such a file.
 */
export function decodeParquet(bytes: Uint8Array, section: string): ParquetColumns {
  try {
    const metadata = parquetMetadata(toArrayBuffer(bytes));
    checkShape(metadata);
    const columns = allocateColumns(metadata, bytes.length);
    for (const { meta_data: chunk } of metadata.row_groups[0]?.columns ?? [])
      readChunk(bytes, chunk!, columns.get(chunk!.path_in_schema[0]!)!);
    return columns;
  } catch (error) {
    throw new DataLossError(`block: not readable as Parquet: section=${section}`, { cause: error });
  }
}

/** Checks that the file holds each column of its schema once, in one row group, or no rows. */
function checkShape({ schema, row_groups: groups, num_rows: rowCount }: FileMetaData): void {
  if (groups.length !== (Number(rowCount) === 0 ? 0 : 1))
    throw new DataLossError(`row groups: count=${groups.length}`);
  const names = schema.slice(1).map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new DataLossError("two columns have one name");
  const paths = groups[0]?.columns.map(({ meta_data: chunk }) => chunk?.path_in_schema.join("/")) ?? names;
  const isWhole = paths.length === names.length && paths.every((path, index) => path === names[index]);
  if (!isWhole) throw new DataLossError("columns are not those of the schema");
}

function allocateColumns(metadata: FileMetaData, sizeBytes: number): Map<string, ColumnValues> {
  const rowCount = Number(metadata.num_rows);
  // A page compresses at most about 2^15 to one; more rows than that is damage, not data.
  if (!(rowCount >= 0 && rowCount <= sizeBytes * 2 ** 15)) throw new DataLossError(`rows: count=${rowCount}`);
  const columns = new Map<string, ColumnValues>();
  for (const { name, type, repetition_type: repetition } of metadata.schema.slice(1)) {
    if (repetition !== "REQUIRED") throw new DataLossError(`column may lack values: column=${name}`);
    if (type !== "INT32" && type !== "DOUBLE") throw new DataLossError(`type: column=${name} type=${type}`);
    columns.set(name, type === "INT32" ? new Int32Array(rowCount) : new Float64Array(rowCount));
  }
  return columns;
}

/** Fills a column from its pages. @throws {DataLossError | RangeError} when they do not hold all its values. */
function readChunk(file: Uint8Array, chunk: ColumnChunk, column: ColumnValues): void {
  const name = chunk.path_in_schema[0]!;
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
  const bytes = file.subarray(start, start + Number(chunk.total_compressed_size));
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: 0 };
  let dictionary: ColumnValues | undefined;
  for (let filled = 0; filled < column.length;) {
    const header = parquetHeader(reader);
    const end = reader.offset + header.compressed_page_size;
    if (!(end >= reader.offset && end <= bytes.length))
      throw new DataLossError(`page is cut: column=${name}`);
    const content = contentOf(bytes.subarray(reader.offset, end), header, chunk);
    reader.offset = end;
    try {
      if (header.dictionary_page_header) dictionary = readDictionary(content, header, column);
      else filled += readValues(content, header, { dictionary, left: column.subarray(filled) });
    } catch (error) {
      throw new DataLossError(`${(error as Error).message}: column=${name}`, { cause: error });
    }
  }
}

/** What is not compressed stays as it is; columns here have no levels before their values. */
function contentOf(stored: Uint8Array, header: PageHeader, { codec }: ColumnChunk): Uint8Array {
  const isCompressed = codec !== "UNCOMPRESSED" && header.data_page_header_v2?.is_compressed !== false;
  return isCompressed ? decompressZstd(stored, header.uncompressed_page_size) : stored;
}

function readDictionary(content: Uint8Array, header: PageHeader, column: ColumnValues): ColumnValues {
  const count = header.dictionary_page_header!.num_values;
  if (!(count >= 0 && count * column.BYTES_PER_ELEMENT <= content.length))
    throw new DataLossError(`dictionary is cut: values=${count}`);
  const dictionary = column instanceof Float64Array ? new Float64Array(count) : new Int32Array(count);
  decodePage(content, "PLAIN", undefined, dictionary);
  return dictionary;
}

/** @returns how many values there were. */
function readValues(
  content: Uint8Array,
  header: PageHeader,
  { dictionary, left }: { dictionary: ColumnValues | undefined; left: ColumnValues },
): number {
  const page = header.data_page_header_v2;
  const count = page?.num_values ?? 0;
  if (!page || !(count > 0 && count <= left.length))
    throw new DataLossError(`page of values: values=${count}`);
  if (page.definition_levels_byte_length !== 0 || page.repetition_levels_byte_length !== 0)
    throw new DataLossError("page has levels");
  decodePage(content, page.encoding, dictionary, left.subarray(0, count));
  return count;
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset === 0 && byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
