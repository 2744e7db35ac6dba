import { crc32 } from "node:zlib";
import { DataLossError } from "@hearth/errors";

/*
 * The last bytes of every block, always this many, little-endian:
 *
 *   u64 metadata offset │ u32 metadata length │ u32 CRC-32 of the metadata │ u32 format version │
 *   u32 CRC-32 of the trailer before this field │ 8 bytes "HEARTHB\n"
 */

export const TRAILER_SIZE_BYTES = 32;
/** The version that is written; all up to it are read. */
export const FORMAT_VERSION = 2;
const MAGIC = Uint8Array.from("HEARTHB\n", (character) => character.charCodeAt(0));

export interface Trailer {
  readonly metaOffset: number;
  readonly metaSizeBytes: number;
  readonly metaCrc: number;
  readonly formatVersion: number;
}

/** {@link TRAILER_SIZE_BYTES} bytes. */
export function encodeTrailer(trailer: Trailer): Uint8Array {
  const bytes = new Uint8Array(TRAILER_SIZE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(trailer.metaOffset), true);
  view.setUint32(8, trailer.metaSizeBytes, true);
  view.setUint32(12, trailer.metaCrc, true);
  view.setUint32(16, trailer.formatVersion, true);
  view.setUint32(20, crc32(bytes.subarray(0, 20)), true);
  bytes.set(MAGIC, 24);
  return bytes;
}

/**
 * @param bytes - the last {@link TRAILER_SIZE_BYTES} of an object.
 * @throws {DataLossError} when it is no trailer, is damaged, or is of a version from the future.
 */
export function decodeTrailer(bytes: Uint8Array): Trailer {
  if (bytes.length !== TRAILER_SIZE_BYTES || !MAGIC.every((byte, i) => bytes[24 + i] === byte)) {
    throw new DataLossError("block: not a block: the trailer is missing");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(20, true) !== crc32(bytes.subarray(0, 20)))
    throw new DataLossError("block: trailer is damaged");
  const formatVersion = view.getUint32(16, true);
  if (formatVersion < 1 || formatVersion > FORMAT_VERSION) {
    throw new DataLossError(
      `block: unknown format version: version=${formatVersion} known=1 to ${FORMAT_VERSION}`,
    );
  }
  return {
    metaOffset: Number(view.getBigUint64(0, true)),
    metaSizeBytes: view.getUint32(8, true),
    metaCrc: view.getUint32(12, true),
    formatVersion,
  };
}
