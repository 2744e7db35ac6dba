import { crc32 } from "node:zlib";
import { DataLossError } from "@hearth/errors";
import type { Section, SectionCodec } from "../block-meta.ts";
import { compressZstd, decompressZstd } from "./zstd.ts";

/** Below this many bytes compressing does not pay. */
const COMPRESS_FROM_BYTES = 128;

/** @returns the bytes to store; as they are when that is not longer. */
export function compressSection(raw: Uint8Array): { bytes: Uint8Array; codec: SectionCodec } {
  if (raw.length >= COMPRESS_FROM_BYTES) {
    const bytes = compressZstd(raw);
    if (bytes.length < raw.length) return { bytes, codec: "zstd" };
  }
  return { bytes: raw, codec: "none" };
}

/**
 * Checks the stored bytes of a section and decodes their codec.
 *
 * @param block - names the block in errors.
 * @throws {DataLossError} when length or CRC do not hold.
 */
export function openSection(section: Section, stored: Uint8Array, block: string): Uint8Array {
  if (stored.length !== section.sizeBytes || crc32(stored) !== section.crc) {
    throw new DataLossError(`block: section is damaged: block=${block} section=${section.kind}`);
  }
  if (section.codec === "none") return stored;
  try {
    return decompressZstd(stored, section.rawSizeBytes);
  } catch (error) {
    throw new DataLossError(`block: section does not decompress: block=${block} section=${section.kind}`, {
      cause: error,
    });
  }
}
