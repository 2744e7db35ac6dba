import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * `google.rpc.RetryInfo`, the error detail that tells a client when to come back: `{ 1: Duration { 1: seconds, 2: nanos } }`.
 * Written by hand because nothing else of that package is needed. OTLP senders retry only when it is there.
 */
export const RETRY_INFO_TYPE = "google.rpc.RetryInfo";

/** @param retryAfterMs - rounded up to whole milliseconds; below 0 is 0. */
export function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const wholeMs = Math.max(0, Math.ceil(retryAfterMs));
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .fork()
    .tag(1, WireType.Varint)
    .int64(Math.floor(wholeMs / 1000))
    .tag(2, WireType.Varint)
    .int32((wholeMs % 1000) * 1_000_000)
    .join()
    .finish();
}

/** Milliseconds, or undefined when the bytes are damaged or hold no delay. */
export function decodeRetryInfo(bytes: Uint8Array): number | undefined {
  try {
    return readRetryInfo(new BinaryReader(bytes));
  } catch {
    return undefined;
  }
}

function readRetryInfo(reader: BinaryReader): number | undefined {
  let delayMs: number | undefined;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) {
      delayMs = readDurationMs(new BinaryReader(reader.bytes()));
    } else {
      reader.skip(wireType, field);
    }
  }
  return delayMs;
}

function readDurationMs(reader: BinaryReader): number {
  let durationMs = 0;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.Varint) durationMs += Number(reader.int64()) * 1000;
    else if (field === 2 && wireType === WireType.Varint) durationMs += reader.int32() / 1_000_000;
    else reader.skip(wireType, field);
  }
  return durationMs;
}
