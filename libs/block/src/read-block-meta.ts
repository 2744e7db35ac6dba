import { crc32 } from "node:zlib";
import { DataLossError } from "@hearth/errors";
import type { BlockMeta } from "./block-meta.ts";
import { decodeBlockMeta } from "./codec/block-meta-codec.ts";
import { decodeTrailer, TRAILER_SIZE_BYTES } from "./codec/trailer.ts";

/**
 * The metadata that a block carries in itself.
 *
 * @param object - the whole object.
 * @throws {DataLossError} when it is no block or its end is damaged.
 */
export function readBlockMeta(object: Uint8Array): BlockMeta {
  const trailer = decodeTrailer(object.subarray(-TRAILER_SIZE_BYTES));
  const bytes = object.subarray(trailer.metaOffset, trailer.metaOffset + trailer.metaSizeBytes);
  if (bytes.length !== trailer.metaSizeBytes || crc32(bytes) !== trailer.metaCrc) {
    throw new DataLossError("block: metadata is damaged");
  }
  return decodeBlockMeta(bytes);
}
