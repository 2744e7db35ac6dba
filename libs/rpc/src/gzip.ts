import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";

const compressGzip = promisify(gzip);
const decompressGzip = promisify(gunzip);

/** Speed over size: answers go to a browser or an agent next door. */
const LEVEL = 1;
const MIN_CHUNK_BYTES = 4 << 10;
const MAX_CHUNK_BYTES = 1 << 20;

/**
 * The one compression we speak. Connect's own differs in three ways: it calls a body that ends too early an internal
 * error, it inflates in chunks of 16 KiB (several times slower than in one), and it offers brotli, whose ratio of
 * 600,000:1 no cap makes cheap.
 */
export const gzipCompression: Compression = {
  name: "gzip",
  async compress(bytes) {
    return await compressGzip(bytes, { level: LEVEL });
  },
  async decompress(bytes, readMaxBytes) {
    if (bytes.length === 0) return new Uint8Array(0);
    try {
      const limits = { chunkSize: chunkSizeFor(bytes), maxOutputLength: Math.max(1, readMaxBytes) };
      return await decompressGzip(bytes, limits);
    } catch (error) {
      throw decompressionError(error, readMaxBytes);
    }
  },
};

/** The last 4 bytes of a gzip stream promise the size of what is in it (modulo 2^32): a hint, never trusted beyond 1 MiB. */
function chunkSizeFor(bytes: Uint8Array): number {
  if (bytes.length < 8) return MIN_CHUNK_BYTES;
  const promised = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  return Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, promised));
}

function decompressionError(error: unknown, readMaxBytes: number): ConnectError {
  return (error as { readonly code?: unknown }).code === "ERR_BUFFER_TOO_LARGE"
    ? new ConnectError(
        `message is larger than configured max ${readMaxBytes} after decompression`,
        Code.ResourceExhausted,
      )
    : new ConnectError("body is not valid gzip", Code.InvalidArgument, undefined, undefined, error);
}
