import { isUtf8 } from "node:buffer";
import { grown } from "@hearth/symbols";
import type {
  OtlpAttribute,
  OtlpDictionary,
  OtlpLink,
  OtlpLocations,
  OtlpMappings,
  OtlpStrings,
} from "./otlp-export.ts";
import { Uint32List } from "./uint32-list.ts";

/** A number of 64 bits in two. */
export interface Wide {
  readonly low: number;
  readonly high: number;
}

export interface MappingEntry {
  readonly start: Wide;
  readonly limit: Wide;
  readonly offset: Wide;
  readonly filename: number;
}

export const ZERO: Wide = { low: 0, high: 0 };

/** Collects the tables of a dictionary, from either encoding, into columns. */
export class DictionaryBuilder {
  readonly strings: StringTable = new StringTable();
  readonly mappings: MappingTable = new MappingTable();
  readonly locations: LocationTable = new LocationTable();
  readonly functions: FunctionTable = new FunctionTable();
  readonly stacks: StackTable = new StackTable();
  readonly links: OtlpLink[] = [];
  readonly attributes: OtlpAttribute[] = [];

  build(): OtlpDictionary {
    return {
      strings: this.strings.build(),
      mappings: this.mappings.build(),
      locations: this.locations.build(),
      functions: this.functions.build(),
      links: this.links,
      attributes: this.attributes,
      stacks: this.stacks.build(),
    };
  }
}

class StringTable {
  #bytes = new Uint8Array(4096);
  #sizeBytes = 0;
  readonly #offsets = new Uint32List();

  constructor() {
    this.#offsets.append(0);
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const to = this.#sizeBytes + end - start;
    this.#bytes = grown(this.#bytes, to);
    this.#bytes.set(bytes.subarray(start, end), this.#sizeBytes);
    this.#sizeBytes = to;
    this.#offsets.append(to);
  }

  build(): OtlpStrings {
    const bytes = this.#bytes.subarray(0, this.#sizeBytes);
    const strings = { count: this.#offsets.count - 1, bytes, offsets: this.#offsets.build() };
    return isUtf8(bytes) ? strings : repaired(strings);
  }
}

/** The same strings, what is not UTF-8 in them replaced by U+FFFD. */
function repaired({ count, bytes, offsets }: OtlpStrings): OtlpStrings {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const table = new StringTable();
  for (let i = 0; i < count; i++) {
    const text = encoder.encode(decoder.decode(bytes.subarray(offsets[i], offsets[i + 1])));
    table.add(text, 0, text.length);
  }
  return table.build();
}

class MappingTable {
  readonly #start = new WideColumn();
  readonly #limit = new WideColumn();
  readonly #offset = new WideColumn();
  readonly #filename = new Uint32List();
  readonly #firstAttribute = new Uint32List();
  readonly #attribute = new Uint32List();

  constructor() {
    this.#firstAttribute.append(0);
  }

  /** Adds an attribute to the mapping that {@link add} will complete. */
  addAttribute(index: number): void {
    this.#attribute.append(index);
  }

  add(mapping: MappingEntry): void {
    this.#start.append(mapping.start);
    this.#limit.append(mapping.limit);
    this.#offset.append(mapping.offset);
    this.#filename.append(mapping.filename);
    this.#firstAttribute.append(this.#attribute.count);
  }

  build(): OtlpMappings {
    return {
      count: this.#filename.count,
      startLow: this.#start.low.build(),
      startHigh: this.#start.high.build(),
      limitLow: this.#limit.low.build(),
      limitHigh: this.#limit.high.build(),
      offsetLow: this.#offset.low.build(),
      offsetHigh: this.#offset.high.build(),
      filename: this.#filename.build(),
      firstAttribute: this.#firstAttribute.build(),
      attribute: this.#attribute.build(),
    };
  }
}

class WideColumn {
  readonly low = new Uint32List();
  readonly high = new Uint32List();

  append(value: Wide): void {
    this.low.append(value.low);
    this.high.append(value.high);
  }
}

class LocationTable {
  readonly #mapping = new Uint32List();
  readonly #addressLow = new Uint32List();
  readonly #addressHigh = new Uint32List();
  readonly #firstLine = new Uint32List();
  readonly #lineFunction = new Uint32List();
  readonly #line = new Uint32List();

  constructor() {
    this.#firstLine.append(0);
  }

  /** Adds a line to the location that {@link add} will complete. */
  addLine(functionIndex: number, line: number): void {
    this.#lineFunction.append(functionIndex);
    this.#line.append(line);
  }

  add(mapping: number, addressLow: number, addressHigh: number): void {
    this.#mapping.append(mapping);
    this.#addressLow.append(addressLow);
    this.#addressHigh.append(addressHigh);
    this.#firstLine.append(this.#line.count);
  }

  build(): OtlpLocations {
    return {
      count: this.#mapping.count,
      mapping: this.#mapping.build(),
      addressLow: this.#addressLow.build(),
      addressHigh: this.#addressHigh.build(),
      firstLine: this.#firstLine.build(),
      lineFunction: this.#lineFunction.build(),
      line: this.#line.buildSigned(),
    };
  }
}

class FunctionTable {
  readonly #name = new Uint32List();
  readonly #systemName = new Uint32List();
  readonly #filename = new Uint32List();
  readonly #startLine = new Uint32List();

  add(name: number, systemName: number, filename: number, startLine: number): void {
    this.#name.append(name);
    this.#systemName.append(systemName);
    this.#filename.append(filename);
    this.#startLine.append(startLine);
  }

  build(): OtlpDictionary["functions"] {
    return {
      count: this.#name.count,
      name: this.#name.build(),
      systemName: this.#systemName.build(),
      filename: this.#filename.build(),
      startLine: this.#startLine.buildSigned(),
    };
  }
}

class StackTable {
  readonly #firstLocation = new Uint32List();
  readonly #location = new Uint32List();

  constructor() {
    this.#firstLocation.append(0);
  }

  /** Adds a location to the stack that {@link add} will complete. */
  addLocation(index: number): void {
    this.#location.append(index);
  }

  add(): void {
    this.#firstLocation.append(this.#location.count);
  }

  build(): OtlpDictionary["stacks"] {
    return {
      count: this.#firstLocation.count - 1,
      firstLocation: this.#firstLocation.build(),
      location: this.#location.build(),
    };
  }
}
