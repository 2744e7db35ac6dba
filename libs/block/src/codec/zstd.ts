import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** Of what was measured, the last level whose speed does not fall off. */
const PARAMETERS = { [constants.ZSTD_c_compressionLevel]: 3 };

/** One Zstandard frame. Knowing sizes beforehand halves the cost of the many small frames of a segment. */
export function compressZstd(raw: Uint8Array): Uint8Array {
  const options = { params: PARAMETERS, pledgedSrcSize: raw.length, chunkSize: Math.max(1024, raw.length) };
  return zstdCompressSync(raw, options);
}

/**
 * @param sizeBytes - what the result will be; more than that is refused.
 * @throws when the frame is damaged or larger.
 */
export function decompressZstd(stored: Uint8Array, sizeBytes: number): Uint8Array {
  const limit = Math.max(1, sizeBytes);
  // One byte beyond, so that zlib sees the end of the frame in the first chunk; bounded, since the size may be damage.
  const chunkSize = Math.min(Math.max(64, sizeBytes + 1), stored.length * 1024 + 64);
  return zstdDecompressSync(stored, { maxOutputLength: limit, chunkSize });
}
