import { isGzip } from "@hearth/pprof";

/** Deflate cannot do better. */
const MAX_DEFLATE_RATIO = 1032;

/**
 * About how large a body is after decompression, by the trailer of its last gzip member, which may lie but not by more
 * than deflate could compress. For decisions that are made again with the true size.
 */
export function estimateDecompressedBytes(body: Uint8Array): number {
  if (!isGzip(body)) return body.length;
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Math.min(view.getUint32(body.length - 4, true), body.length * MAX_DEFLATE_RATIO);
}
