import { bytesTag, numberTag, type WireReader } from "@hearth/protobuf-wire";
import type { OtlpAttribute, OtlpAttributeValue } from "../otlp-export.ts";

const decoder = new TextDecoder();

/** Reads `KeyValue`: its message ends at `end`. */
export function readKeyValue(reader: WireReader, end: number): OtlpAttribute {
  let key = "";
  let keyIndex = 0;
  let value: OtlpAttributeValue;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === bytesTag(1)) key = readText(reader, end);
    else if (tag === bytesTag(2)) value = readAnyValue(reader, end);
    else if (tag === numberTag(3)) keyIndex = reader.uint32();
    else reader.skip(tag, end);
  }
  reader.closeAt(end);
  return { key, keyIndex, value };
}

/** Reads `KeyValueAndUnit`: its message ends at `end`. The unit is not kept. */
export function readKeyValueAndUnit(reader: WireReader, end: number): OtlpAttribute {
  let keyIndex = 0;
  let value: OtlpAttributeValue;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === numberTag(1)) keyIndex = reader.uint32();
    else if (tag === bytesTag(2)) value = readAnyValue(reader, end);
    else reader.skip(tag, end);
  }
  reader.closeAt(end);
  return { key: "", keyIndex, value };
}

/** A text, an integer, or a list of exactly one of these; `undefined` for everything else. */
function readAnyValue(reader: WireReader, limit: number): OtlpAttributeValue {
  const end = reader.nestedEnd(limit);
  let value: OtlpAttributeValue;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === bytesTag(5)) value = readOnlyElement(reader, reader.nestedEnd(end));
    else value = readScalar(reader, tag, end);
  }
  reader.closeAt(end);
  return value;
}

/** Lists are not looked into further: a list in a list is no value. */
function readOnlyElement(reader: WireReader, end: number): OtlpAttributeValue {
  let count = 0;
  let value: OtlpAttributeValue;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag !== bytesTag(1)) {
      reader.skip(tag, end);
      continue;
    }
    count++;
    const elementEnd = reader.nestedEnd(end);
    value = undefined;
    while (reader.position < elementEnd) value = readScalar(reader, reader.uint32(), elementEnd);
    reader.closeAt(elementEnd);
  }
  reader.closeAt(end);
  return count === 1 ? value : undefined;
}

function readScalar(reader: WireReader, tag: number, limit: number): OtlpAttributeValue {
  switch (tag) {
    case bytesTag(1):
      return readText(reader, limit);
    case numberTag(3):
      return String(reader.int64());
    case numberTag(8):
      return reader.uint32();
    default:
      reader.skip(tag, limit);
      return undefined;
  }
}

function readText(reader: WireReader, limit: number): string {
  const end = reader.nestedEnd(limit);
  const text = decoder.decode(reader.bytes.subarray(reader.position, end));
  reader.position = end;
  return text;
}
