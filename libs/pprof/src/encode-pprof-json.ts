import { exactToBigInt } from "@hearth/exact-integers";
import { JsonWriter } from "@hearth/protobuf-wire";
import type { Symbols } from "@hearth/symbols";

import { type EncodePprofInput, PprofTables, type TypeAndUnit } from "./pprof-tables.ts";

/** Writes what `encodePprof` writes as protobuf's JSON, in UTF-8. */
export function encodePprofJson(input: EncodePprofInput): Uint8Array<ArrayBuffer> {
  return new PprofJsonEncoder(new PprofTables(input)).encode();
}

/** Bits of the flags of a mapping, the lowest first. */
const MAPPING_FLAGS = ["hasFunctions", "hasFilenames", "hasLineNumbers", "hasInlineFrames"];

/** Members stand in the order of their field numbers; lists without elements are left out. */
class PprofJsonEncoder {
  readonly #tables: PprofTables;
  readonly #symbols: Symbols;
  readonly #out = new JsonWriter(1 << 16);

  constructor(tables: PprofTables) {
    this.#tables = tables;
    this.#symbols = tables.input.symbols;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const { locations, mappings, functions, input } = this.#tables;
    const out = this.#out;
    out.beginObject();
    out.beginList("sampleType");
    out.beginObject();
    this.#writeType(input.sampleType);
    out.endList();
    this.#writeList("sample", input.stacktraces, (_, index) => this.#writeSample(index));
    this.#writeList("mapping", mappings.entries, (mapping) => this.#writeMapping(mapping));
    this.#writeList("location", locations.entries, (location) => this.#writeLocation(location));
    this.#writeList("function", functions.entries, (fn) => this.#writeFunction(fn));
    out.beginList("stringTable");
    for (const text of this.#tables.strings()) out.text(text);
    out.endList();
    this.#writeHead();
    out.endObject();
    return out.finish();
  }

  #writeHead(): void {
    const { timeNanos, durationNanos, periodType, period, defaultSampleType = "" } = this.#tables.input;
    const out = this.#out;
    out.int64("timeNanos", timeNanos);
    out.int64("durationNanos", durationNanos);
    if (periodType !== undefined) {
      out.beginMember("periodType");
      this.#writeType(periodType);
    }
    out.int64("period", period);
    out.number("defaultSampleType", this.#tables.textNumber(defaultSampleType));
  }

  #writeList(name: string, entries: ArrayLike<number>, write: (entry: number, index: number) => void): void {
    if (entries.length === 0) return;
    this.#out.beginList(name);
    for (let index = 0; index < entries.length; index++) {
      this.#out.beginObject();
      write(entries[index]!, index);
      this.#out.endObject();
    }
    this.#out.endList();
  }

  #writeSample(index: number): void {
    const { stacktraces, values } = this.#tables.input;
    const { parent, location } = this.#symbols.stacktraces;
    const { locations } = this.#tables;
    const out = this.#out;
    let stacktrace = stacktraces[index]!;
    if (stacktrace !== 0) {
      out.beginList("locationId");
      for (; stacktrace !== 0; stacktrace = parent[stacktrace]!) {
        out.element(locations.numberOf(location[stacktrace]!));
      }
      out.endList();
    }
    out.beginList("value");
    const isSmall = values.high === undefined || values.high[index] === 0;
    out.element(isSmall ? values.low[index]! : exactToBigInt(values, index));
    out.endList();
  }

  #writeMapping(index: number): void {
    const { mappings } = this.#symbols;
    const out = this.#out;
    out.number("id", this.#tables.mappings.numberOf(index));
    out.wide("memoryStart", mappings.startLow[index]!, mappings.startHigh[index]!);
    out.wide("memoryLimit", mappings.limitLow[index]!, mappings.limitHigh[index]!);
    out.wide("fileOffset", mappings.offsetLow[index]!, mappings.offsetHigh[index]!);
    out.number("filename", this.#tables.stringNumber(mappings.filename[index]!));
    out.number("buildId", this.#tables.stringNumber(mappings.buildId[index]!));
    for (const [bit, name] of MAPPING_FLAGS.entries())
      out.flag(name, ((mappings.flags[index]! >>> bit) & 1) === 1);
  }

  #writeLocation(index: number): void {
    const { locations, lines } = this.#symbols;
    const out = this.#out;
    out.number("id", this.#tables.locations.numberOf(index));
    out.number("mappingId", this.#tables.mappings.numberOf(locations.mapping[index]!));
    out.wide("address", locations.addressLow[index]!, locations.addressHigh[index]!);
    const first = locations.firstLine[index]!;
    const own = lines.functionIndex.subarray(first, locations.firstLine[index + 1]);
    this.#writeList("line", own, (fn, at) => {
      out.number("functionId", this.#tables.functionNumber(fn));
      out.number("line", lines.line[first + at]!);
    });
    out.flag("isFolded", locations.isFolded[index] !== 0);
  }

  #writeFunction(index: number): void {
    const { functions } = this.#symbols;
    const out = this.#out;
    out.number("id", this.#tables.functions.numberOf(index));
    out.number("name", this.#tables.stringNumber(functions.name[index]!));
    out.number("systemName", this.#tables.stringNumber(functions.systemName[index]!));
    out.number("filename", this.#tables.stringNumber(functions.filename[index]!));
    out.number("startLine", functions.startLine[index]!);
  }

  /** The members of an object that is open, and its end. */
  #writeType({ type, unit }: TypeAndUnit): void {
    this.#out.number("type", this.#tables.textNumber(type));
    this.#out.number("unit", this.#tables.textNumber(unit));
    this.#out.endObject();
  }
}
