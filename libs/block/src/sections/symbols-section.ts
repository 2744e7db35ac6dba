import { heap, type Memory } from "@hearth/arena";
import {
  checkSymbols,
  type FunctionColumns,
  type LineColumns,
  type LocationColumns,
  type MappingColumns,
  type StacktraceColumns,
  type StringColumn,
  type Symbols,
} from "@hearth/symbols";
import { VarintReader, VarintWriter } from "../codec/varint-columns.ts";
import { readStrings, writeStrings } from "./tree-section.ts";

/*
 * Everything below function names. Strings continue the numbering of the section `names`, which holds the names of
 * functions: string `n` is name `n` below the number of names, and from there on the strings of this section.
 */

/**
 * @param symbols - as `arrangeSymbols` numbers them: the first `nameCount` strings are the names, locations by address.
 * @returns the section, good until `memory` is used again.
 */
export function encodeSymbols(symbols: Symbols, nameCount: number, memory: Memory = heap): Uint8Array {
  const writer = new VarintWriter(memory);
  writer.uint(nameCount);
  writeStrings(writer, stringsFrom(symbols.strings, nameCount, memory));
  writeMappings(writer, symbols.mappings);
  writeFunctions(writer, symbols.functions);
  writeLocations(writer, symbols.locations);
  writeLines(writer, symbols.lines, symbols.functions);
  writeStacktraces(writer, symbols.stacktraces);
  return writer.finish();
}

/**
 * @param names - the section `names` of the same dataset; may hold more names than the functions have.
 * @param memory - where the symbols lie.
 * @throws {DataLossError} when the bytes are no such section, or an index in it is out of range.
 */
export function decodeSymbols(bytes: Uint8Array, names: StringColumn, memory: Memory = heap): Symbols {
  const reader = new VarintReader(bytes, "symbols");
  const strings = joinStrings(names, reader.uint(), readStrings(reader, memory), memory);
  const mappings = readMappings(reader, memory);
  const functions = readFunctions(reader, memory);
  const locations = readLocations(reader, memory);
  const lines = readLines(reader, functions, memory);
  const stacktraces = readStacktraces(reader, memory);
  reader.end();
  const symbols = { strings, mappings, functions, locations, lines, stacktraces };
  checkSymbols(symbols);
  return symbols;
}

function stringsFrom({ bytes, offsets }: StringColumn, first: number, memory: Memory): StringColumn {
  const start = offsets[first]!;
  const moved = memory.uint32(offsets.length - first);
  for (let i = 0; i < moved.length; i++) moved[i] = offsets[first + i]! - start;
  return { bytes: bytes.subarray(start), offsets: moved };
}

function joinStrings(
  names: StringColumn,
  nameCount: number,
  rest: StringColumn,
  memory: Memory,
): StringColumn {
  const count = Math.min(nameCount, names.offsets.length - 1);
  const nameBytes = names.offsets[count]!;
  const bytes = memory.uint8(nameBytes + rest.bytes.length);
  bytes.set(names.bytes.subarray(0, nameBytes));
  bytes.set(rest.bytes, nameBytes);
  const offsets = memory.uint32(count + rest.offsets.length);
  offsets.set(names.offsets.subarray(0, count));
  for (let i = 0; i < rest.offsets.length; i++) offsets[count + i] = nameBytes + rest.offsets[i]!;
  return { bytes, offsets };
}

function writeMappings(writer: VarintWriter, mappings: MappingColumns): void {
  writer.uint(mappings.filename.length);
  for (let i = 1; i < mappings.filename.length; i++) {
    writer.uint(mappings.startLow[i]!);
    writer.uint(mappings.startHigh[i]!);
    writer.uint(mappings.limitLow[i]!);
    writer.uint(mappings.limitHigh[i]!);
    writer.uint(mappings.offsetLow[i]!);
    writer.uint(mappings.offsetHigh[i]!);
    writer.uint(mappings.filename[i]!);
    writer.uint(mappings.buildId[i]!);
    writer.uint(mappings.flags[i]!);
  }
}

function readMappings(reader: VarintReader, memory: Memory): MappingColumns {
  const count = reader.count();
  const mappings = {
    startLow: memory.uint32(count),
    startHigh: memory.uint32(count),
    limitLow: memory.uint32(count),
    limitHigh: memory.uint32(count),
    offsetLow: memory.uint32(count),
    offsetHigh: memory.uint32(count),
    filename: memory.uint32(count),
    buildId: memory.uint32(count),
    flags: memory.uint8(count),
  };
  for (let i = 1; i < count; i++) for (const column of Object.values(mappings)) column[i] = reader.uint();
  return mappings;
}

function writeFunctions(
  writer: VarintWriter,
  { name, systemName, filename, startLine }: FunctionColumns,
): void {
  const count = name.length;
  writer.uint(count);
  for (let i = 1; i < count; i++) writer.int(name[i]! - name[i - 1]!);
  for (let i = 1; i < count; i++) writer.int(systemName[i]! - name[i]!);
  for (let i = 1; i < count; i++) writer.int(filename[i]! - filename[i - 1]!);
  for (let i = 1; i < count; i++) writer.int(startLine[i]!);
}

function readFunctions(reader: VarintReader, memory: Memory): FunctionColumns {
  const count = reader.count();
  const name = memory.uint32(count);
  const systemName = memory.uint32(count);
  const filename = memory.uint32(count);
  const startLine = memory.int32(count);
  for (let i = 1; i < count; i++) name[i] = name[i - 1]! + reader.int();
  for (let i = 1; i < count; i++) systemName[i] = name[i]! + reader.int();
  for (let i = 1; i < count; i++) filename[i] = filename[i - 1]! + reader.int();
  for (let i = 1; i < count; i++) startLine[i] = reader.int();
  return { name, systemName, filename, startLine };
}

/** Locations are sorted by address: the steps between addresses are small. */
function writeLocations(writer: VarintWriter, locations: LocationColumns): void {
  const { mapping, addressLow, addressHigh, firstLine, isFolded } = locations;
  const count = mapping.length;
  writer.uint(count);
  for (let i = 1; i < count; i++) writer.int(mapping[i]! - mapping[i - 1]!);
  for (let i = 1; i < count; i++) writer.int((addressHigh[i]! - addressHigh[i - 1]!) | 0);
  for (let i = 1; i < count; i++) writer.int((addressLow[i]! - addressLow[i - 1]!) | 0);
  for (let i = 1; i < count; i++) writer.uint((firstLine[i + 1]! - firstLine[i]!) * 2 + isFolded[i]!);
}

function readLocations(reader: VarintReader, memory: Memory): LocationColumns {
  const count = reader.count();
  const mapping = memory.uint32(count);
  const addressLow = memory.uint32(count);
  const addressHigh = memory.uint32(count);
  const firstLine = memory.uint32(count + 1);
  const isFolded = memory.uint8(count);
  for (let i = 1; i < count; i++) mapping[i] = mapping[i - 1]! + reader.int();
  for (let i = 1; i < count; i++) addressHigh[i] = addressHigh[i - 1]! + reader.int();
  for (let i = 1; i < count; i++) addressLow[i] = addressLow[i - 1]! + reader.int();
  for (let i = 1; i < count; i++) {
    const packed = reader.uint();
    firstLine[i + 1] = firstLine[i]! + (packed >>> 1);
    isFolded[i] = packed & 1;
  }
  return { mapping, addressLow, addressHigh, firstLine, isFolded };
}

/** Lines count from the first line of their function. */
function writeLines(
  writer: VarintWriter,
  { functionIndex, line }: LineColumns,
  { startLine }: FunctionColumns,
): void {
  writer.uint(line.length);
  for (let i = 0; i < line.length; i++) writer.uint(functionIndex[i]!);
  for (let i = 0; i < line.length; i++) writer.int((line[i]! - startLine[functionIndex[i]!]!) | 0);
}

function readLines(reader: VarintReader, { startLine }: FunctionColumns, memory: Memory): LineColumns {
  const count = reader.count();
  const functionIndex = memory.uint32(count);
  const line = memory.int32(count);
  for (let i = 0; i < count; i++) functionIndex[i] = reader.uint();
  for (let i = 0; i < count; i++) line[i] = (startLine[functionIndex[i]!] ?? 0) + reader.int();
  return { functionIndex, line };
}

/** Stack traces come after their parents, mostly right after: the distance is small. */
function writeStacktraces(writer: VarintWriter, { parent, location }: StacktraceColumns): void {
  writer.uint(parent.length);
  for (let i = 1; i < parent.length; i++) writer.uint(i - parent[i]!);
  for (let i = 1; i < parent.length; i++) writer.uint(location[i]!);
}

function readStacktraces(reader: VarintReader, memory: Memory): StacktraceColumns {
  const count = reader.count();
  const parent = memory.uint32(count);
  const location = memory.uint32(count);
  for (let i = 1; i < count; i++) parent[i] = i - reader.uint();
  for (let i = 1; i < count; i++) location[i] = reader.uint();
  return { parent, location };
}
