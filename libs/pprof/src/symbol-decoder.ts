import type { Memory } from "@hearth/arena";
import { bytesTag, numberTag, type WireReader } from "@hearth/protobuf-wire";
import { Uint32Builder, Uint64Builder } from "./growing-columns.ts";
import type { PprofFunctions, PprofLines, PprofLocations, PprofMappings } from "./pprof-profile.ts";
import { hasZeroId, resolveIds, type IdColumn } from "./resolve-ids.ts";

/** Decodes the mappings, which other tables refer to by id. */
export class MappingDecoder {
  readonly #reader: WireReader;
  readonly #id: Uint64Builder;
  readonly #start: Uint64Builder;
  readonly #limit: Uint64Builder;
  readonly #offset: Uint64Builder;
  readonly #filename: Uint32Builder;
  readonly #buildId: Uint32Builder;
  readonly #flags: Uint32Builder;

  constructor(reader: WireReader, memory: Memory) {
    this.#reader = reader;
    this.#id = new Uint64Builder(memory);
    this.#start = new Uint64Builder(memory);
    this.#limit = new Uint64Builder(memory);
    this.#offset = new Uint64Builder(memory);
    this.#filename = new Uint32Builder(memory);
    this.#buildId = new Uint32Builder(memory);
    this.#flags = new Uint32Builder(memory);
    this.#append([0, 0, 0, 0, 0, 0, 0, 0], { filename: 0, buildId: 0, flags: 0 });
  }

  get ids(): IdColumn {
    return this.#id;
  }

  /** Reads the mapping that ends at `end`. */
  read(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    const numbers = [0, 0, 0, 0, 0, 0, 0, 0];
    let filename = 0;
    let buildId = 0;
    let flags = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      const field = tag >>> 3;
      if ((tag & 7) !== 0 || field > 10) {
        reader.skip(tag, end);
      } else if (field <= 4 && field > 0) {
        reader.varint();
        numbers[2 * field - 2] = reader.low;
        numbers[2 * field - 1] = reader.high;
      } else if (field === 5) {
        filename = reader.uint32();
      } else if (field === 6) {
        buildId = reader.uint32();
      } else {
        const bit = 1 << (field - 7);
        flags = reader.bool() ? flags | bit : flags & ~bit;
      }
    }
    reader.closeAt(end);
    this.#append(numbers, { filename, buildId, flags });
  }

  /** @param numbers - id, start, limit and offset, the low part of each first. */
  #append(numbers: readonly number[], mapping: { filename: number; buildId: number; flags: number }): void {
    const wide = [this.#id, this.#start, this.#limit, this.#offset];
    for (const [index, column] of wide.entries()) column.append(numbers[2 * index]!, numbers[2 * index + 1]!);
    this.#filename.append(mapping.filename);
    this.#buildId.append(mapping.buildId);
    this.#flags.append(mapping.flags);
  }

  finish(): PprofMappings {
    return {
      count: this.#flags.count,
      startLow: this.#start.low,
      startHigh: this.#start.high,
      limitLow: this.#limit.low,
      limitHigh: this.#limit.high,
      offsetLow: this.#offset.low,
      offsetHigh: this.#offset.high,
      filename: this.#filename.finish(),
      buildId: this.#buildId.finish(),
      flags: this.#flags.finish(),
    };
  }
}

/** Decodes the locations and their lines. */
export class LocationDecoder {
  readonly #reader: WireReader;
  readonly #id: Uint64Builder;
  readonly #mapping: Uint64Builder;
  readonly #address: Uint64Builder;
  readonly #firstLine: Uint32Builder;
  readonly #isFolded: Uint32Builder;
  readonly #lineFunction: Uint64Builder;
  readonly #lineNumber: Uint32Builder;

  constructor(reader: WireReader, memory: Memory) {
    this.#reader = reader;
    this.#id = new Uint64Builder(memory, 1024);
    this.#mapping = new Uint64Builder(memory, 1024);
    this.#address = new Uint64Builder(memory, 1024);
    this.#firstLine = new Uint32Builder(memory, 1024);
    this.#isFolded = new Uint32Builder(memory, 1024);
    this.#lineFunction = new Uint64Builder(memory, 1024);
    this.#lineNumber = new Uint32Builder(memory, 1024);
    this.#firstLine.append(0);
    this.#isFolded.append(0);
    for (const column of [this.#id, this.#mapping, this.#address]) column.append(0, 0);
  }

  get ids(): IdColumn {
    return this.#id;
  }

  /** Reads the location that ends at `end`. */
  read(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    let idLow = 0;
    let idHigh = 0;
    let mappingLow = 0;
    let mappingHigh = 0;
    let addressLow = 0;
    let addressHigh = 0;
    let isFolded = 0;
    this.#firstLine.append(this.#lineNumber.count);
    while (reader.position < end) {
      const tag = reader.uint32();
      switch (tag) {
        case numberTag(1):
          reader.varint();
          idLow = reader.low;
          idHigh = reader.high;
          break;
        case numberTag(2):
          reader.varint();
          mappingLow = reader.low;
          mappingHigh = reader.high;
          break;
        case numberTag(3):
          reader.varint();
          addressLow = reader.low;
          addressHigh = reader.high;
          break;
        case bytesTag(4):
          this.#readLine(reader.nestedEnd(end));
          break;
        case numberTag(5):
          isFolded = reader.bool() ? 1 : 0;
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    this.#id.append(idLow, idHigh);
    this.#mapping.append(mappingLow, mappingHigh);
    this.#address.append(addressLow, addressHigh);
    this.#isFolded.append(isFolded);
  }

  #readLine(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    let functionLow = 0;
    let functionHigh = 0;
    let line = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      if (tag === numberTag(1)) {
        reader.varint();
        functionLow = reader.low;
        functionHigh = reader.high;
      } else if (tag === numberTag(2)) {
        line = reader.int32();
      } else {
        reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    this.#lineFunction.append(functionLow, functionHigh);
    this.#lineNumber.append(line);
  }

  finish(ids: { mappings: IdColumn; functions: IdColumn }): { locations: PprofLocations; lines: PprofLines } {
    resolveIds(ids.functions, this.#lineFunction);
    resolveIds(ids.mappings, this.#mapping);
    this.#firstLine.append(this.#lineNumber.count);
    return {
      locations: {
        count: this.#isFolded.count,
        mapping: this.#mapping.low,
        addressLow: this.#address.low,
        addressHigh: this.#address.high,
        firstLine: this.#firstLine.finish(),
        isFolded: this.#isFolded.finish(),
        hasZeroId: hasZeroId(this.#id),
      },
      lines: {
        count: this.#lineNumber.count,
        functionIndex: this.#lineFunction.low,
        line: this.#lineNumber.finish(),
      },
    };
  }
}

/** Decodes the functions, which lines refer to by id. */
export class FunctionDecoder {
  readonly #reader: WireReader;
  readonly #id: Uint64Builder;
  readonly #name: Uint32Builder;
  readonly #systemName: Uint32Builder;
  readonly #filename: Uint32Builder;
  readonly #startLine: Uint32Builder;

  constructor(reader: WireReader, memory: Memory) {
    this.#reader = reader;
    this.#id = new Uint64Builder(memory, 1024);
    this.#name = new Uint32Builder(memory, 1024);
    this.#systemName = new Uint32Builder(memory, 1024);
    this.#filename = new Uint32Builder(memory, 1024);
    this.#startLine = new Uint32Builder(memory, 1024);
    this.#id.append(0, 0);
    this.#append(0, 0, 0, 0);
  }

  get ids(): IdColumn {
    return this.#id;
  }

  /** Reads the function that ends at `end`. */
  read(end: number): void {
    const reader = this.#reader;
    reader.countEntry();
    let idLow = 0;
    let idHigh = 0;
    let name = 0;
    let systemName = 0;
    let filename = 0;
    let startLine = 0;
    while (reader.position < end) {
      const tag = reader.uint32();
      switch (tag) {
        case numberTag(1):
          reader.varint();
          idLow = reader.low;
          idHigh = reader.high;
          break;
        case numberTag(2):
          name = reader.uint32();
          break;
        case numberTag(3):
          systemName = reader.uint32();
          break;
        case numberTag(4):
          filename = reader.uint32();
          break;
        case numberTag(5):
          startLine = reader.int32();
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.closeAt(end);
    this.#id.append(idLow, idHigh);
    this.#append(name, systemName, filename, startLine);
  }

  #append(name: number, systemName: number, filename: number, startLine: number): void {
    this.#name.append(name);
    this.#systemName.append(systemName);
    this.#filename.append(filename);
    this.#startLine.append(startLine);
  }

  /** Where no function has an id and there are as many as locations, each takes the id of its location. */
  repairIds(locationIds: IdColumn): void {
    const { low, high } = this.#id;
    const isMissing = high === undefined && low.every((id) => id === 0);
    if (isMissing && low.length === locationIds.low.length) this.#id.copyFrom(locationIds);
  }

  finish(): PprofFunctions {
    return {
      count: this.#name.count,
      name: this.#name.finish(),
      systemName: this.#systemName.finish(),
      filename: this.#filename.finish(),
      startLine: this.#startLine.finish(),
      hasZeroId: hasZeroId(this.#id),
    };
  }
}
