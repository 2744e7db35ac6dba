import { gunzipSync, gzipSync } from "node:zlib";

import { ProtoWriter } from "@hearth/testing";

const TIME_NANOS = 9;

/** Sets the time of a profile and keeps every other byte as it is; a compressed profile stays compressed. */
export function retimePprof(bytes: Uint8Array, timeNanos: bigint): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gzipSync(retimePprof(gunzipSync(bytes), timeNanos));
  const kept = fieldsOf(bytes).filter(({ number }) => number !== TIME_NANOS);
  const time = new ProtoWriter().number(TIME_NANOS, timeNanos).finish();
  return Buffer.concat([...kept.map(({ start, end }) => bytes.subarray(start, end)), time]);
}

interface FieldSpan {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

function fieldsOf(message: Uint8Array): FieldSpan[] {
  const fields: FieldSpan[] = [];
  for (let start = 0; start < message.length;) {
    const tag = readVarint(message, start);
    const end = endOfValue(message, tag.value & 7, tag.end);
    fields.push({ number: tag.value >>> 3, start, end });
    start = end;
  }
  return fields;
}

function endOfValue(message: Uint8Array, wireType: number, at: number): number {
  switch (wireType) {
    case 0:
      return readVarint(message, at).end;
    case 1:
      return at + 8;
    case 2: {
      const length = readVarint(message, at);
      return length.end + length.value;
    }
    case 5:
      return at + 4;
    default:
      throw new Error(`a golden profile has a field of wire type ${wireType}`);
  }
}

/** Right for tags and lengths; of longer numbers only the end is right. */
function readVarint(message: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let end = start;
  for (let shift = 0; ; shift += 7) {
    const byte = message[end++]!;
    if (shift < 28) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end };
  }
}
