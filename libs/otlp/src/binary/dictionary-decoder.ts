import { bytesTag, numberTag, type WireReader } from "@hearth/protobuf-wire";
import { ZERO, type DictionaryBuilder, type Wide } from "../dictionary-builder.ts";
import { readKeyValueAndUnit } from "./attribute-decoder.ts";

const NO_BYTES = new Uint8Array(0);

/** Reads `ProfilesDictionary`, whose message ends at `end`, into `tables`. */
export function readDictionary(reader: WireReader, end: number, tables: DictionaryBuilder): void {
  while (reader.position < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (tag !== bytesTag(field) || field < 1 || field > 7) {
      reader.skip(tag, end);
      continue;
    }
    reader.countEntry();
    readEntry(reader, field, reader.nestedEnd(end), tables);
  }
  reader.closeAt(end);
}

function readEntry(reader: WireReader, field: number, end: number, tables: DictionaryBuilder): void {
  switch (field) {
    case 1:
      return readMapping(reader, end, tables);
    case 2:
      return readLocation(reader, end, tables);
    case 3:
      return readFunction(reader, end, tables);
    case 4:
      return readLink(reader, end, tables);
    case 5:
      tables.strings.add(reader.bytes, reader.position, end);
      reader.position = end;
      return undefined;
    case 6:
      tables.attributes.push(readKeyValueAndUnit(reader, end));
      return undefined;
    default:
      return readStack(reader, end, tables);
  }
}

function readMapping(reader: WireReader, end: number, { mappings }: DictionaryBuilder): void {
  let start = ZERO;
  let limit = ZERO;
  let offset = ZERO;
  let filename = 0;
  const add = (index: number): void => mappings.addAttribute(index);
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === numberTag(1)) start = readWide(reader);
    else if (tag === numberTag(2)) limit = readWide(reader);
    else if (tag === numberTag(3)) offset = readWide(reader);
    else if (tag === numberTag(4)) filename = reader.uint32();
    else readIndexes(reader, tag, 5, end, add);
  }
  reader.closeAt(end);
  mappings.add({ start, limit, offset, filename });
}

function readWide(reader: WireReader): Wide {
  reader.varint();
  return { low: reader.low, high: reader.high };
}

function readLocation(reader: WireReader, end: number, { locations }: DictionaryBuilder): void {
  let mapping = 0;
  let addressLow = 0;
  let addressHigh = 0;
  while (reader.position < end) {
    const tag = reader.uint32();
    switch (tag) {
      case numberTag(1):
        mapping = reader.uint32();
        break;
      case numberTag(2):
        reader.varint();
        addressLow = reader.low;
        addressHigh = reader.high;
        break;
      case bytesTag(3):
        readLine(reader, reader.nestedEnd(end), locations);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  reader.closeAt(end);
  locations.add(mapping, addressLow, addressHigh);
}

function readLine(reader: WireReader, end: number, locations: DictionaryBuilder["locations"]): void {
  reader.countEntry();
  let functionIndex = 0;
  let line = 0;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === numberTag(1)) functionIndex = reader.uint32();
    else if (tag === numberTag(2)) line = reader.int32();
    else reader.skip(tag, end);
  }
  reader.closeAt(end);
  locations.addLine(functionIndex, line);
}

function readFunction(reader: WireReader, end: number, { functions }: DictionaryBuilder): void {
  let name = 0;
  let systemName = 0;
  let filename = 0;
  let startLine = 0;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === numberTag(1)) name = reader.uint32();
    else if (tag === numberTag(2)) systemName = reader.uint32();
    else if (tag === numberTag(3)) filename = reader.uint32();
    else if (tag === numberTag(4)) startLine = reader.int32();
    else reader.skip(tag, end);
  }
  reader.closeAt(end);
  functions.add(name, systemName, filename, startLine);
}

function readLink(reader: WireReader, end: number, { links }: DictionaryBuilder): void {
  let traceId: Uint8Array = NO_BYTES;
  let spanId: Uint8Array = NO_BYTES;
  while (reader.position < end) {
    const tag = reader.uint32();
    if (tag === bytesTag(1)) traceId = readBytes(reader, end);
    else if (tag === bytesTag(2)) spanId = readBytes(reader, end);
    else reader.skip(tag, end);
  }
  reader.closeAt(end);
  links.push({ traceId, spanId });
}

function readBytes(reader: WireReader, limit: number): Uint8Array {
  const end = reader.nestedEnd(limit);
  const bytes = reader.bytes.subarray(reader.position, end);
  reader.position = end;
  return bytes;
}

function readStack(reader: WireReader, end: number, { stacks }: DictionaryBuilder): void {
  const add = (index: number): void => stacks.addLocation(index);
  while (reader.position < end) readIndexes(reader, reader.uint32(), 1, end, add);
  reader.closeAt(end);
  stacks.add();
}

/** Reads one field of a message: the numbers of `field`, packed or not, go to `add`; another field is skipped. */
export function readIndexes(
  reader: WireReader,
  tag: number,
  field: number,
  limit: number,
  add: (index: number) => void,
): void {
  if (tag === numberTag(field)) {
    reader.countListed();
    return add(reader.uint32());
  }
  if (tag !== bytesTag(field)) return reader.skip(tag, limit);
  const end = reader.nestedEnd(limit);
  while (reader.position < end) {
    reader.countListed();
    add(reader.uint32());
  }
  return reader.closeAt(end);
}
