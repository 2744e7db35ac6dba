import { gunzipSync } from "node:zlib";

import { InvalidArgumentError } from "@hearth/errors";

/** Deflate cannot do better than this: a trailer that claims more lies. */
const MAX_DEFLATE_RATIO = 1032;
/** zlib asks for room beyond the last byte before it says that it is done. */
const SLACK_BYTES = 64;
const MIN_MEMBER_BYTES = 18;

/** The profile itself is larger than its tenant may send. */
export class ProfileTooLargeError extends InvalidArgumentError {}

/**
 * Decompresses a body that may be gzip, of one or several members, and stops at a limit. What is not gzip, or begins
 * like it with a header that is none, is returned as it is: the reader of the content will judge it.
 *
 * Synchronous, for worker threads: the asynchronous form crosses the thread pool once per chunk.
 *
 * @param limit - `maxSizeBytes`: greatest size of the result, above 0; holds for a body that is not compressed too.
 * @throws {ProfileTooLargeError} when the result is larger than the limit.
 * @throws {InvalidArgumentError} when the stream is damaged, and when the result is gzip again.
 */
export function gunzipBounded(bytes: Uint8Array, limit: { readonly maxSizeBytes: number }): Uint8Array {
  const { maxSizeBytes } = limit;
  if (!isGzip(bytes)) {
    if (bytes.length > maxSizeBytes) throw sizeLimitExceeded(maxSizeBytes);
    return bytes;
  }
  const content = gunzip(bytes, maxSizeBytes);
  if (isGzip(content))
    throw new InvalidArgumentError("profile is compressed twice: gzip inside gzip is refused");
  return content;
}

/** Whether the bytes begin with a gzip header (RFC 1952 §2.3) of the one method there is, deflate. */
export function isGzip(bytes: Uint8Array): boolean {
  return (
    bytes.length >= MIN_MEMBER_BYTES &&
    bytes[0] === 0x1f &&
    bytes[1] === 0x8b &&
    bytes[2] === 8 &&
    (bytes[3]! & 0xe0) === 0
  );
}

function gunzip(bytes: Uint8Array, maxSizeBytes: number): Uint8Array {
  try {
    const chunkSize = expectedSizeBytes(bytes, maxSizeBytes) + SLACK_BYTES;
    const content = gunzipSync(bytes, { chunkSize, maxOutputLength: maxSizeBytes });
    return new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
  } catch (cause) {
    if (errorCode(cause) === "ERR_BUFFER_TOO_LARGE") throw sizeLimitExceeded(maxSizeBytes, { cause });
    throw new InvalidArgumentError("profile is not valid gzip", { cause });
  }
}

/** The trailer's word on the size of the last member. It belongs to whoever sent it, so it only sizes a buffer. */
function expectedSizeBytes(bytes: Uint8Array, maxSizeBytes: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const claimed = view.getUint32(bytes.length - 4, true);
  return Math.min(claimed, maxSizeBytes, bytes.length * MAX_DEFLATE_RATIO);
}

function sizeLimitExceeded(maxSizeBytes: number, options?: ErrorOptions): ProfileTooLargeError {
  const message = `uncompressed profile exceeds the size limit: max_profile_size_bytes=${maxSizeBytes}`;
  return new ProfileTooLargeError(message, options);
}

function errorCode(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
