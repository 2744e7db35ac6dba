import { DataLossError, InvalidArgumentError } from "@hearth/errors";

import type { ByteRange } from "./object-store.ts";

/** @throws {InvalidArgumentError} unless the range is made of integers and holds at least one byte. */
export function checkRange({ offset, length }: ByteRange): void {
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 1) {
    throw new InvalidArgumentError(`invalid byte range: offset=${offset} length=${length}`);
  }
}

/** A copy of the range. @throws {DataLossError} when it goes beyond the end. */
export function sliceRange(key: string, bytes: Uint8Array, { offset, length }: ByteRange): Uint8Array {
  if (offset + length > bytes.length) throw rangeBeyondEnd(key, { offset, length });
  return new Uint8Array(bytes.subarray(offset, offset + length));
}

/** The object is shorter than whoever planned the range was told: it is damaged. */
export function rangeBeyondEnd(key: string, { offset, length }: ByteRange): DataLossError {
  return new DataLossError(`object ends before the range: key=${key} offset=${offset} length=${length}`);
}
