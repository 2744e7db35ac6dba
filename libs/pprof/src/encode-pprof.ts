import { WORD } from "@hearth/exact-integers";
import { WireWriter } from "@hearth/protobuf-wire";
import type { Symbols } from "@hearth/symbols";

import { type EncodePprofInput, PprofTables, type TypeAndUnit } from "./pprof-tables.ts";

/**
 * Writes samples of one type as a profile (`google.v1.Profile`), not compressed. Only the symbols that the samples use
 * are written, numbered from 1 by first use. Locations without a mapping get one that is empty: readers of pprof
 * expect each to have one.
 */
export function encodePprof(input: EncodePprofInput): Uint8Array<ArrayBuffer> {
  return new PprofEncoder(new PprofTables(input)).encode();
}

class PprofEncoder {
  readonly #tables: PprofTables;
  readonly #symbols: Symbols;
  readonly #out = new WireWriter(1 << 16);

  constructor(tables: PprofTables) {
    this.#tables = tables;
    this.#symbols = tables.input.symbols;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const { locations, mappings, functions, input } = this.#tables;
    this.#writeType(1, input.sampleType);
    for (let index = 0; index < input.stacktraces.length; index++) this.#writeSample(index);
    for (const [index, mapping] of mappings.entries.entries()) this.#writeMapping(mapping, index + 1);
    for (const [index, location] of locations.entries.entries()) this.#writeLocation(location, index + 1);
    for (const [index, fn] of functions.entries.entries()) this.#writeFunction(fn, index + 1);
    for (const text of this.#tables.strings()) this.#out.bytes(6, text);
    this.#out.int64(9, input.timeNanos);
    this.#out.int64(10, input.durationNanos);
    if (input.periodType !== undefined) this.#writeType(11, input.periodType);
    this.#out.int64(12, input.period);
    this.#out.number(14, this.#tables.textNumber(input.defaultSampleType ?? ""));
    return this.#out.finish();
  }

  #writeSample(index: number): void {
    const { stacktraces, values } = this.#tables.input;
    const { parent, location } = this.#symbols.stacktraces;
    const { locations } = this.#tables;
    const out = this.#out;
    const sample = out.begin(2);
    let stacktrace = stacktraces[index]!;
    if (stacktrace !== 0) {
      const packed = out.begin(1);
      for (; stacktrace !== 0; stacktrace = parent[stacktrace]!) {
        out.element(locations.numberOf(location[stacktrace]!), 0);
      }
      out.end(packed);
    }
    const packed = out.begin(2);
    this.#writeValue(values.low[index]!, values.high?.[index] ?? 0);
    out.end(packed);
    out.end(sample);
  }

  /** `high · 2^52 + low`, as 64 bits. */
  #writeValue(low: number, high: number): void {
    if (high === 0) return this.#out.element(low >>> 0, Math.floor(low / 2 ** 32));
    const value = BigInt.asUintN(64, BigInt(high) * BigInt(WORD) + BigInt(low));
    this.#out.element(Number(value & 0xff_ff_ff_ffn), Number(value >> 32n));
  }

  #writeMapping(index: number, id: number): void {
    const { mappings } = this.#symbols;
    const out = this.#out;
    const message = out.begin(3);
    out.number(1, id);
    out.wide(2, mappings.startLow[index]!, mappings.startHigh[index]!);
    out.wide(3, mappings.limitLow[index]!, mappings.limitHigh[index]!);
    out.wide(4, mappings.offsetLow[index]!, mappings.offsetHigh[index]!);
    out.number(5, this.#tables.stringNumber(mappings.filename[index]!));
    out.number(6, this.#tables.stringNumber(mappings.buildId[index]!));
    for (let bit = 0; bit < 4; bit++) out.number(7 + bit, (mappings.flags[index]! >>> bit) & 1);
    out.end(message);
  }

  #writeLocation(index: number, id: number): void {
    const { locations, lines } = this.#symbols;
    const out = this.#out;
    const message = out.begin(4);
    out.number(1, id);
    out.number(2, this.#tables.mappings.numberOf(locations.mapping[index]!));
    out.wide(3, locations.addressLow[index]!, locations.addressHigh[index]!);
    for (let at = locations.firstLine[index]!; at < locations.firstLine[index + 1]!; at++) {
      const line = out.begin(4);
      out.number(1, this.#tables.functionNumber(lines.functionIndex[at]!));
      out.int32(2, lines.line[at]!);
      out.end(line);
    }
    out.number(5, locations.isFolded[index] === 0 ? 0 : 1);
    out.end(message);
  }

  #writeFunction(index: number, id: number): void {
    const { functions } = this.#symbols;
    const out = this.#out;
    const message = out.begin(5);
    out.number(1, id);
    out.number(2, this.#tables.stringNumber(functions.name[index]!));
    out.number(3, this.#tables.stringNumber(functions.systemName[index]!));
    out.number(4, this.#tables.stringNumber(functions.filename[index]!));
    out.int32(5, functions.startLine[index]!);
    out.end(message);
  }

  #writeType(field: number, { type, unit }: TypeAndUnit): void {
    const message = this.#out.begin(field);
    this.#out.number(1, this.#tables.textNumber(type));
    this.#out.number(2, this.#tables.textNumber(unit));
    this.#out.end(message);
  }
}
