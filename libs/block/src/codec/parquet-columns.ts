import { DataLossError } from "@hearth/errors";
import type { ParquetColumns } from "./parquet-reader.ts";
import type { ParquetColumn } from "./parquet-writer.ts";

/** @throws {DataLossError} when there is no such column of 32-bit integers. */
export function int32(columns: ParquetColumns, name: string): Int32Array {
  return column(columns, name, 4) as Int32Array;
}

/** @throws {DataLossError} when there is no such column of doubles. */
export function float64(columns: ParquetColumns, name: string): Float64Array {
  return column(columns, name, 8) as Float64Array;
}

/** The same bits. */
export function asInt32({ buffer, byteOffset, length }: Uint32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

/** The same bits. */
export function asUint32({ buffer, byteOffset, length }: Int32Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, length);
}

/** Ids of `words` times 4 bytes each as columns of 32 bits, `name_0`, `name_1`, … */
export function idColumns(
  name: string,
  ids: Uint8Array,
  words: number,
  encoding: ParquetColumn["encoding"],
): ParquetColumn[] {
  const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
  const count = ids.length / (words * 4);
  return Array.from({ length: words }, (_, word) => {
    const data = new Int32Array(count);
    for (let i = 0; i < count; i++) data[i] = view.getInt32((i * words + word) * 4, true);
    return { name: `${name}_${word}`, data, encoding };
  });
}

/** Reads what {@link idColumns} made. */
export function joinIds(columns: ParquetColumns, name: string, words: number): Uint8Array {
  const parts = Array.from({ length: words }, (_, word) => int32(columns, `${name}_${word}`));
  const count = parts[0]!.length;
  const bytes = new Uint8Array(count * words * 4);
  const view = new DataView(bytes.buffer);
  for (const [word, part] of parts.entries()) {
    for (let i = 0; i < count; i++) view.setInt32((i * words + word) * 4, part[i]!, true);
  }
  return bytes;
}

function column(columns: ParquetColumns, name: string, elementSize: number): Int32Array | Float64Array {
  const data = columns.get(name);
  if (data?.BYTES_PER_ELEMENT !== elementSize)
    throw new DataLossError(`block: no such column: column=${name}`);
  return data;
}
