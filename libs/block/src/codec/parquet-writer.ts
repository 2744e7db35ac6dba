import type { CompressionCodec, Encoding, FileMetaData } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { buildDictionary } from "./dictionary.ts";
import { type ColumnValues, encodeIndexPage, encodePage, type PageEncoding } from "./parquet-page.ts";
import { compressZstd } from "./zstd.ts";

type ColumnMetaData = NonNullable<FileMetaData["row_groups"][number]["columns"][number]["meta_data"]>;

/** Flat, required columns of 32-bit integers and doubles: they decode to typed arrays. */
export interface ParquetColumn {
  readonly name: string;
  readonly data: ColumnValues;
  /**
   * How the values are laid out before compression. FEW_OR_SPLIT, of doubles: RLE_DICTIONARY when few are distinct, else
   * BYTE_STREAM_SPLIT, which both compress better than what is plain, and faster.
   */
  readonly encoding: PageEncoding | "RLE_DICTIONARY" | "FEW_OR_SPLIT";
}

/** "PAR1", which a file begins and ends with. */
const MAGIC = 0x31524150;

/** A column below this many bytes is not worth the compressor's start. */
const COMPRESS_FROM_BYTES = 1024;

/** Of values, before they are encoded. */
const PAGE_BYTES = 1 << 22;

/** Values that take a byte each in a dictionary. */
const FEW = 256;
/** Values that each of the few must stand for. */
const FEW_REPEATS = 16;

/** Pages of a column, as they are stored. */
interface EncodedColumn {
  readonly encodings: Encoding[];
  readonly dictionary: { readonly page: Uint8Array; readonly count: number } | undefined;
  readonly pages: readonly { readonly page: Uint8Array; readonly count: number }[];
}

/** A complete Parquet file with one row group: any Parquet reader opens it. Columns must have the same length. */
export function encodeParquet(columns: readonly ParquetColumn[]): Uint8Array {
  const writer = new ByteWriter();
  writer.appendUint32(MAGIC);
  const chunks = columns.map((column) => writeChunk(writer, column));
  const rowCount = BigInt(columns[0]?.data.length ?? 0);
  const group = {
    columns: chunks.map(({ meta_data, file_offset }) => ({ meta_data, file_offset })),
    total_byte_size: chunks.reduce((sum, chunk) => sum + chunk.meta_data.total_uncompressed_size, 0n),
    num_rows: rowCount,
    total_compressed_size: BigInt(writer.offset - 4),
  };
  writeMetadata(writer, {
    version: 2,
    created_by: "hearth",
    schema: schemaOf(columns),
    num_rows: rowCount,
    row_groups: rowCount > 0n ? [group] : [],
  } as FileMetaData);
  writer.appendUint32(MAGIC);
  return writer.getBytes();
}

function schemaOf(columns: readonly ParquetColumn[]): FileMetaData["schema"] {
  return [
    { name: "root", num_children: columns.length },
    ...columns.map(({ name, data }) => ({
      name,
      type: physicalType(data),
      repetition_type: "REQUIRED" as const,
    })),
  ];
}

function writeChunk(
  writer: ByteWriter,
  column: ParquetColumn,
): { meta_data: ColumnMetaData; file_offset: bigint } {
  const { name, data } = column;
  const codec = codecFor(data);
  const start = writer.offset;
  const { encodings, dictionary, pages } = encodeColumn(column);
  let rawBytes = 0;
  if (dictionary) {
    const header = { num_values: dictionary.count, encoding: "PLAIN" as const };
    rawBytes += writePage(writer, dictionary.page, codec, {
      type: "DICTIONARY_PAGE",
      dictionary_page_header: header,
    });
  }
  const dataOffset = writer.offset;
  for (const { page, count } of pages) {
    const header = {
      num_values: count,
      num_nulls: 0,
      num_rows: count,
      encoding: encodings.at(-1)!,
      definition_levels_byte_length: 0,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    };
    rawBytes += writePage(writer, page, codec, { type: "DATA_PAGE_V2", data_page_header_v2: header });
  }
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: physicalType(data),
      encodings,
      path_in_schema: [name],
      codec,
      num_values: BigInt(data.length),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(rawBytes),
      data_page_offset: BigInt(dataOffset),
      ...(dictionary && { dictionary_page_offset: BigInt(start) }),
    },
  };
}

type PageKind = Pick<
  Parameters<typeof writePageHeader>[1],
  "type" | "dictionary_page_header" | "data_page_header_v2"
>;

/** @returns bytes of the header and of the page as it was before compression. */
function writePage(writer: ByteWriter, page: Uint8Array, codec: CompressionCodec, kind: PageKind): number {
  const start = writer.offset;
  const stored = codec === "ZSTD" ? compressZstd(page) : page;
  writePageHeader(writer, {
    ...kind,
    uncompressed_page_size: page.length,
    compressed_page_size: stored.length,
  });
  const rawBytes = writer.offset - start + page.length;
  writer.appendBytes(stored);
  return rawBytes;
}

function encodeColumn({ data, encoding }: ParquetColumn): EncodedColumn {
  if (encoding === "RLE_DICTIONARY") return encodeDictionary(buildDictionary(data)!);
  if (encoding !== "FEW_OR_SPLIT") return encodeEach(data, encoding);
  const few = buildDictionary(data, Math.min(FEW, Math.floor(data.length / FEW_REPEATS)));
  return few ? encodeDictionary(few) : encodeEach(data, "BYTE_STREAM_SPLIT");
}

function encodeEach(data: ColumnValues, encoding: PageEncoding): EncodedColumn {
  const pages = pagesOf(data).map((values) => ({ page: encodePage(values, encoding), count: values.length }));
  return { encodings: [encoding], dictionary: undefined, pages };
}

function encodeDictionary({
  distinct,
  indexes,
}: NonNullable<ReturnType<typeof buildDictionary>>): EncodedColumn {
  return {
    encodings: ["PLAIN", "RLE_DICTIONARY"],
    dictionary: { page: encodePage(distinct, "PLAIN"), count: distinct.length },
    pages: pagesOf(indexes).map((values) => ({ page: encodeIndexPage(values), count: values.length })),
  };
}

function pagesOf<T extends ColumnValues | Uint32Array>(values: T): T[] {
  const perPage = PAGE_BYTES / values.BYTES_PER_ELEMENT;
  return Array.from(
    { length: Math.ceil(values.length / perPage) },
    (_, page) => values.subarray(page * perPage, (page + 1) * perPage) as T,
  );
}

function physicalType(data: ColumnValues): "INT32" | "DOUBLE" {
  return data.BYTES_PER_ELEMENT === 4 ? "INT32" : "DOUBLE";
}

function codecFor(data: ColumnValues): CompressionCodec {
  return data.byteLength < COMPRESS_FROM_BYTES ? "UNCOMPRESSED" : "ZSTD";
}
