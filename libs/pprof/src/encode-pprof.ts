import { WORD, type ExactColumn } from "@hearth/exact-integers";
import { WireWriter } from "@hearth/protobuf-wire";
import type { Symbols } from "@hearth/symbols";

export interface EncodePprofInput {
  readonly symbols: Symbols;
  /** Index of a stack trace of each sample. */
  readonly stacktraces: Uint32Array;
  /** Value of each sample. */
  readonly values: ExactColumn;
  readonly sampleType: TypeAndUnit;
  readonly defaultSampleType?: string;
  /** Absent: the profile has none. */
  readonly periodType?: TypeAndUnit | undefined;
  readonly period: bigint;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
}

export interface TypeAndUnit {
  readonly type: string;
  readonly unit: string;
}

/**
 * Writes samples of one type as a profile (`google.v1.Profile`), not compressed. Only the symbols that the samples use
 * are written, numbered from 1 by first use. Locations without a mapping get one that is empty: readers of pprof
 * expect each to have one.
 */
export function encodePprof(input: EncodePprofInput): Uint8Array {
  return new PprofEncoder(input).encode();
}

/** Numbers entries of a table in the order in which they are asked for. */
class Numbering {
  readonly #numbers: Uint32Array;
  /** Indexes of the entries, in the order of their numbers. */
  readonly entries: number[] = [];
  readonly #first: number;

  /** @param first - number of the entry that is asked for first. */
  constructor(count: number, first: number) {
    this.#numbers = new Uint32Array(count);
    this.#first = first;
  }

  numberOf(index: number): number {
    const known = this.#numbers[index]!;
    if (known !== 0) return known - 1;
    this.entries.push(index);
    const number = this.entries.length - 1 + this.#first;
    this.#numbers[index] = number + 1;
    return number;
  }
}

class PprofEncoder {
  readonly #input: EncodePprofInput;
  readonly #symbols: Symbols;
  readonly #out = new WireWriter(1 << 16);
  readonly #strings: Numbering;
  /** Strings that are not among the symbols, after those that are. */
  readonly #texts = new Map<string, number>();
  readonly #mappings: Numbering;
  readonly #functions: Numbering;
  readonly #locations: Numbering;

  constructor(input: EncodePprofInput) {
    const { symbols } = input;
    this.#input = input;
    this.#symbols = symbols;
    this.#strings = new Numbering(symbols.strings.offsets.length - 1, 0);
    this.#mappings = new Numbering(symbols.mappings.filename.length, 1);
    this.#functions = new Numbering(symbols.functions.name.length, 1);
    this.#locations = new Numbering(symbols.locations.mapping.length, 1);
    this.#strings.numberOf(0); // the empty string comes first
  }

  encode(): Uint8Array {
    for (let index = 0; index < this.#input.stacktraces.length; index++) this.#writeSample(index);
    for (const [index, location] of this.#locations.entries.entries())
      this.#writeLocation(location, index + 1);
    for (const [index, mapping] of this.#mappings.entries.entries()) this.#writeMapping(mapping, index + 1);
    for (const [index, fn] of this.#functions.entries.entries()) this.#writeFunction(fn, index + 1);
    this.#writeHead();
    this.#writeStrings();
    return this.#out.finish();
  }

  #writeSample(index: number): void {
    const { stacktraces, values } = this.#input;
    const { parent, location } = this.#symbols.stacktraces;
    const out = this.#out;
    const sample = out.begin(2);
    let stacktrace = stacktraces[index]!;
    if (stacktrace !== 0) {
      const packed = out.begin(1);
      for (; stacktrace !== 0; stacktrace = parent[stacktrace]!) {
        out.element(this.#locations.numberOf(location[stacktrace]!), 0);
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

  #writeLocation(index: number, id: number): void {
    const { locations, lines } = this.#symbols;
    const out = this.#out;
    const message = out.begin(4);
    out.number(1, id);
    out.number(2, this.#mappings.numberOf(locations.mapping[index]!));
    out.wide(3, locations.addressLow[index]!, locations.addressHigh[index]!);
    for (let at = locations.firstLine[index]!; at < locations.firstLine[index + 1]!; at++) {
      const line = out.begin(4);
      out.number(1, this.#functions.numberOf(lines.functionIndex[at]!));
      out.int32(2, lines.line[at]!);
      out.end(line);
    }
    out.number(5, locations.isFolded[index]!);
    out.end(message);
  }

  #writeMapping(index: number, id: number): void {
    const { mappings } = this.#symbols;
    const out = this.#out;
    const message = out.begin(3);
    out.number(1, id);
    out.wide(2, mappings.startLow[index]!, mappings.startHigh[index]!);
    out.wide(3, mappings.limitLow[index]!, mappings.limitHigh[index]!);
    out.wide(4, mappings.offsetLow[index]!, mappings.offsetHigh[index]!);
    out.number(5, this.#strings.numberOf(mappings.filename[index]!));
    out.number(6, this.#strings.numberOf(mappings.buildId[index]!));
    for (let bit = 0; bit < 4; bit++) out.number(7 + bit, (mappings.flags[index]! >>> bit) & 1);
    out.end(message);
  }

  #writeFunction(index: number, id: number): void {
    const { functions } = this.#symbols;
    const out = this.#out;
    const message = out.begin(5);
    out.number(1, id);
    out.number(2, this.#strings.numberOf(functions.name[index]!));
    out.number(3, this.#strings.numberOf(functions.systemName[index]!));
    out.number(4, this.#strings.numberOf(functions.filename[index]!));
    out.int32(5, functions.startLine[index]!);
    out.end(message);
  }

  /** After the symbols: its strings are numbered after theirs. */
  #writeHead(): void {
    const { sampleType, periodType, defaultSampleType = "", period, timeNanos, durationNanos } = this.#input;
    this.#writeType(1, sampleType);
    if (periodType !== undefined) this.#writeType(11, periodType);
    this.#out.int64(9, timeNanos);
    this.#out.int64(10, durationNanos);
    this.#out.int64(12, period);
    this.#out.number(14, this.#textNumber(defaultSampleType));
  }

  #writeType(field: number, { type, unit }: TypeAndUnit): void {
    const message = this.#out.begin(field);
    this.#out.number(1, this.#textNumber(type));
    this.#out.number(2, this.#textNumber(unit));
    this.#out.end(message);
  }

  #textNumber(text: string): number {
    if (text === "") return 0;
    const number = this.#texts.get(text) ?? this.#strings.entries.length + this.#texts.size;
    this.#texts.set(text, number);
    return number;
  }

  #writeStrings(): void {
    const { bytes, offsets } = this.#symbols.strings;
    for (const index of this.#strings.entries)
      this.#out.bytes(6, bytes.subarray(offsets[index], offsets[index + 1]));
    for (const text of this.#texts.keys()) this.#out.bytes(6, Buffer.from(text, "utf8"));
  }
}
