import { DataLossError } from "@hearth/errors";
import { parquetMetadata, parquetRead, type CompressionCodec, type FileMetaData } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { checkRuns } from "./parquet-runs.ts";
import { compressZstd, decompressZstd } from "./zstd.ts";

/** Flat, required columns of 32-bit integers and doubles: they decode to typed arrays. */
export interface ParquetColumn {
  readonly name: string;
  readonly data: Int32Array | Float64Array;
  /** How the values are laid out before compression. */
  readonly encoding: "PLAIN" | "DELTA_BINARY_PACKED" | "RLE_DICTIONARY";
}

export type ParquetColumns = ReadonlyMap<string, Int32Array | Float64Array>;

/** A column below this many bytes is not worth the compressor's start. */
const COMPRESS_FROM_BYTES = 1024;

const PAGE_BYTES = 1 << 22;

const compressors = { ZSTD: compressZstd };
const decompressors = { ZSTD: decompressZstd };

/** A complete Parquet file with one row group: any Parquet reader opens it. Columns must have the same length. */
export function encodeParquet(columns: readonly ParquetColumn[]): Uint8Array {
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name, data }) => ({
        name,
        type: physicalType(data),
        repetition_type: "REQUIRED" as const,
      })),
    ],
    compressors,
    statistics: false,
    createdBy: "hearth",
  });
  void file.write({
    columnData: columns.map(({ name, data, encoding }) => ({
      name,
      data,
      encoding,
      codec: codecFor(data),
      offsetIndex: false,
    })),
    rowGroupSize: Math.max(1, columns[0]?.data.length ?? 0),
    pageSize: fitsPage(columns) ? 0 : PAGE_BYTES,
  });
  void file.finish();
  return writer.getBytes();
}

/**
 * Reads the columns `names` (all when absent) of a file that {@link encodeParquet} wrote.
 *
 * @throws {DataLossError} when it is not such a file.
 */
export async function decodeParquet(
  bytes: Uint8Array,
  section: string,
  names?: readonly string[],
): Promise<ParquetColumns> {
  try {
    const buffer = toArrayBuffer(bytes);
    const metadata = parquetMetadata(buffer);
    checkShape(metadata);
    const columns = allocateColumns(metadata, bytes.length, names);
    checkRuns(buffer, metadata, names);
    const filled = new Map<string, number>();
    // hyparquet does not await its callback: an error thrown there would be nobody's. It is kept instead.
    let problem: unknown;
    await parquetRead({
      file: { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) },
      metadata,
      columns: [...columns.keys()],
      compressors: decompressors,
      onChunk({ columnName, columnData, rowStart }) {
        try {
          columns.get(columnName)?.set(columnData as ArrayLike<number>, rowStart);
          filled.set(columnName, (filled.get(columnName) ?? 0) + columnData.length);
        } catch (error) {
          problem ??= error;
        }
      },
    });
    if (problem !== undefined) throw problem;
    for (const [name, column] of columns) {
      if ((filled.get(name) ?? 0) !== column.length) throw new DataLossError(`rows missing: column=${name}`);
    }
    return columns;
  } catch (error) {
    throw new DataLossError(`block: not readable as Parquet: section=${section}`, { cause: error });
  }
}

/**
 * Checks that the file holds each column of its schema once, in one row group. Else hyparquet reads chunks that nobody
 * asked for, and when such a one fails, nobody hears of it: the process would.
 */
function checkShape({ schema, row_groups: groups }: FileMetaData): void {
  if (groups.length > 1) throw new DataLossError(`row groups: count=${groups.length}`);
  const names = schema.slice(1).map(({ name }) => name);
  if (new Set(names).size !== names.length) throw new DataLossError("two columns have one name");
  const paths = groups[0]?.columns.map(({ meta_data: chunk }) => chunk?.path_in_schema.join("/")) ?? names;
  const isWhole = paths.length === names.length && paths.every((path, index) => path === names[index]);
  if (!isWhole) throw new DataLossError("columns are not those of the schema");
}

function allocateColumns(
  metadata: FileMetaData,
  sizeBytes: number,
  names?: readonly string[],
): Map<string, Int32Array | Float64Array> {
  const rowCount = Number(metadata.num_rows);
  // A page compresses at most about 2^15 to one; more rows than that is damage, not data.
  if (!(rowCount >= 0 && rowCount <= sizeBytes * 2 ** 15)) throw new DataLossError(`rows: count=${rowCount}`);
  const columns = new Map<string, Int32Array | Float64Array>();
  for (const { name, type, repetition_type: repetition } of metadata.schema.slice(1)) {
    if (names && !names.includes(name)) continue;
    // The levels of other columns are runs of any length: a byte of damage can keep a reader busy for ten seconds.
    if (repetition !== "REQUIRED") throw new DataLossError(`column may lack values: column=${name}`);
    if (type !== "INT32" && type !== "DOUBLE") throw new DataLossError(`type: column=${name} type=${type}`);
    columns.set(name, type === "INT32" ? new Int32Array(rowCount) : new Float64Array(rowCount));
  }
  return columns;
}

function physicalType(data: Int32Array | Float64Array): "INT32" | "DOUBLE" {
  return data.BYTES_PER_ELEMENT === 4 ? "INT32" : "DOUBLE";
}

/** Whether each column is one page, which spares the writer looking for the ends of pages value by value. */
function fitsPage(columns: readonly ParquetColumn[]): boolean {
  return columns.every(({ data }) => data.length > 0 && data.byteLength < PAGE_BYTES);
}

function codecFor(data: Int32Array | Float64Array): CompressionCodec {
  return data.byteLength < COMPRESS_FROM_BYTES ? "UNCOMPRESSED" : "ZSTD";
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset === 0 && byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}
