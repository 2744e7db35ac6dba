import { crc32 } from "node:zlib";
import { DataLossError } from "@hearth/errors";
import type { BlockMeta } from "./block-meta.ts";
import { decodeBlockMeta } from "./codec/block-meta-codec.ts";
import { decodeTrailer, TRAILER_SIZE_BYTES, type Trailer } from "./codec/trailer.ts";
import type { RangeReader } from "./dataset-reader.ts";

/** What is read first of a block's end: the trailer and, of most blocks, all of the metadata. */
const TAIL_BYTES = 4096;

export interface FetchedBlockMeta {
  readonly meta: BlockMeta;
  /** Length of the encoded metadata. */
  readonly metaSizeBytes: number;
}

/**
 * Reads the metadata that a block carries, and nothing else of it: in one read of 4 KiB, or in two when the metadata is
 * longer.
 *
 * @param object.sizeBytes - of the whole object.
 * @param object.maxMetaBytes - longer metadata is refused unread.
 * @throws {DataLossError} when the object is no block, is cut off or grown, or its end is damaged; and errors of `reader`.
 */
export async function fetchBlockMeta(
  reader: RangeReader,
  object: { readonly sizeBytes: number; readonly maxMetaBytes: number },
  signal: AbortSignal,
): Promise<FetchedBlockMeta> {
  const { sizeBytes } = object;
  if (sizeBytes < TRAILER_SIZE_BYTES) {
    throw new DataLossError(`block: too short for a block: size_bytes=${sizeBytes}`);
  }
  const tailStart = Math.max(0, sizeBytes - TAIL_BYTES);
  const tail = await reader.read(tailStart, sizeBytes - tailStart, signal);
  const trailer = decodeTrailer(tail.subarray(-TRAILER_SIZE_BYTES));
  checkExtent(trailer, object);
  const { metaOffset, metaSizeBytes, metaCrc } = trailer;
  const bytes =
    metaOffset >= tailStart
      ? tail.subarray(metaOffset - tailStart, metaOffset - tailStart + metaSizeBytes)
      : await reader.read(metaOffset, metaSizeBytes, signal);
  if (bytes.length !== metaSizeBytes || crc32(bytes) !== metaCrc) {
    throw new DataLossError("block: metadata is damaged");
  }
  return { meta: decodeBlockMeta(bytes), metaSizeBytes };
}

function checkExtent(
  { metaOffset, metaSizeBytes }: Trailer,
  { sizeBytes, maxMetaBytes }: { sizeBytes: number; maxMetaBytes: number },
): void {
  if (metaOffset + metaSizeBytes + TRAILER_SIZE_BYTES !== sizeBytes) {
    throw new DataLossError("block: the object is not as long as its trailer says");
  }
  if (metaSizeBytes > maxMetaBytes) {
    throw new DataLossError(
      `block: metadata is too large: size_bytes=${metaSizeBytes} limit_bytes=${maxMetaBytes}`,
    );
  }
}
