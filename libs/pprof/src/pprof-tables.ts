import { isUtf8 } from "node:buffer";

import type { ExactColumn } from "@hearth/exact-integers";
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

/** Numbers entries of a table in the order in which they are asked for. */
class Numbering {
  readonly #numbers: Uint32Array;
  /** Indexes of the entries, in the order of their numbers. */
  readonly entries: number[] = [];
  readonly #first: number;

  /** @param first - number of the entry that is asked for first, at least 1. */
  constructor(count: number, first: number) {
    this.#numbers = new Uint32Array(count);
    this.#first = first;
  }

  /** The number of an entry, given when it is first asked for. */
  numberOf(index: number): number {
    return this.#numbers[index]! || this.#add(index);
  }

  #add(index: number): number {
    const number = this.entries.push(index) - 1 + this.#first;
    this.#numbers[index] = number;
    return number;
  }
}

/**
 * The tables of a profile that is about to be written, in whatever form: only the symbols that its samples use, numbered
 * by first use, locations, mappings and functions from 1. Once made, it no longer changes.
 */
export class PprofTables {
  readonly input: EncodePprofInput;
  readonly mappings: Numbering;
  readonly functions: Numbering;
  readonly locations: Numbering;
  /** Strings that are not among the symbols; they come after the empty one and before those that are. */
  readonly #texts = new Map<string, number>();
  readonly #strings: Numbering;

  constructor(input: EncodePprofInput) {
    const { symbols, sampleType, periodType, defaultSampleType = "" } = input;
    this.input = input;
    const texts = [sampleType.type, sampleType.unit, periodType?.type, periodType?.unit, defaultSampleType];
    for (const text of texts) if (text && !this.#texts.has(text)) this.#texts.set(text, this.#texts.size + 1);
    this.#strings = new Numbering(symbols.strings.offsets.length - 1, this.#texts.size + 1);
    this.mappings = new Numbering(symbols.mappings.filename.length, 1);
    this.functions = new Numbering(symbols.functions.name.length, 1);
    this.locations = new Numbering(symbols.locations.mapping.length, 1);
    this.#numberSymbols(input);
  }

  /** The number of a text of the input. */
  textNumber(text: string): number {
    return this.#texts.get(text) ?? 0;
  }

  /** The number of a string of the symbols. */
  stringNumber(index: number): number {
    return index === 0 ? 0 : this.#strings.numberOf(index);
  }

  /** The number of a function of the symbols; function 0 is none. */
  functionNumber(index: number): number {
    return index === 0 ? 0 : this.functions.numberOf(index);
  }

  /** All strings in the order of their numbers, as UTF-8; bytes that are none become U+FFFD, since readers refuse them. */
  *strings(): Iterable<Uint8Array> {
    yield new Uint8Array(0);
    for (const text of this.#texts.keys()) yield Buffer.from(text, "utf8");
    const { bytes, offsets } = this.input.symbols.strings;
    for (const index of this.#strings.entries) {
      const text = bytes.subarray(offsets[index], offsets[index + 1]);
      yield isUtf8(text) ? text : Buffer.from(Buffer.from(text).toString("utf8"), "utf8");
    }
  }

  #numberSymbols({ symbols, stacktraces }: EncodePprofInput): void {
    const { parent, location } = symbols.stacktraces;
    for (let sample = 0; sample < stacktraces.length; sample++) {
      for (let stack = stacktraces[sample]!; stack !== 0; stack = parent[stack]!)
        this.locations.numberOf(location[stack]!);
    }
    const { locations, lines, mappings, functions } = symbols;
    for (const index of this.locations.entries) {
      this.mappings.numberOf(locations.mapping[index]!);
      for (let at = locations.firstLine[index]!; at < locations.firstLine[index + 1]!; at++) {
        this.functionNumber(lines.functionIndex[at]!);
      }
    }
    for (const index of this.mappings.entries) {
      this.stringNumber(mappings.filename[index]!);
      this.stringNumber(mappings.buildId[index]!);
    }
    for (const index of this.functions.entries) {
      this.stringNumber(functions.name[index]!);
      this.stringNumber(functions.systemName[index]!);
      this.stringNumber(functions.filename[index]!);
    }
  }
}
