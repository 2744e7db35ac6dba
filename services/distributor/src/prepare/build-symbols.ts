import type {
  FunctionColumns,
  LineColumns,
  LocationColumns,
  MappingColumns,
  StacktraceColumns,
  StringColumn,
  Symbols,
} from "@hearth/symbols";

import type { WorkingProfile } from "./working-profile.ts";

/** What to take over of a profile. */
export interface UsedSymbols {
  /** Locations by their new numbers; entry 0 is the empty one. */
  readonly locations: readonly number[];
  /** 1 for mappings whose addresses are not stored. */
  readonly isSymbolized: Uint8Array;
  readonly stacktraces: StacktraceColumns;
}

/** Copies the symbols that stacks use, numbered by first use, strings without looking at what they say. */
export function buildSymbols(profile: WorkingProfile, used: UsedSymbols): Symbols {
  const mappings = new Numbering(profile.pprof.mappings.count);
  const functions = new Numbering(profile.pprof.functions.count);
  const strings = new Numbering(profile.stringCount);
  const locations = copyLocations(profile, used, mappings);
  const lines = copyLines(profile, used.locations, functions, locations.firstLine.at(-1)!);
  return {
    locations,
    lines,
    mappings: copyMappings(profile, used.isSymbolized, mappings, strings),
    functions: copyFunctions(profile, functions, strings),
    strings: copyStrings(profile, strings),
    stacktraces: used.stacktraces,
  };
}

/** Numbers entries in the order in which they are asked for; entry 0 is 0. */
class Numbering {
  readonly #numbers: Uint32Array;
  readonly entries: number[] = [0];

  constructor(count: number) {
    this.#numbers = new Uint32Array(count);
  }

  numberOf(entry: number): number {
    const known = this.#numbers[entry]!;
    if (known !== 0 || entry === 0) return known;
    const number = this.entries.push(entry) - 1;
    this.#numbers[entry] = number;
    return number;
  }
}

function copyLocations(profile: WorkingProfile, used: UsedSymbols, mappings: Numbering): LocationColumns {
  const from = profile.pprof.locations;
  const count = used.locations.length;
  const to = {
    mapping: new Uint32Array(count),
    addressLow: new Uint32Array(count),
    addressHigh: new Uint32Array(count),
    firstLine: new Uint32Array(count + 1),
    isFolded: new Uint8Array(count),
  };
  for (let number = 1; number < count; number++) {
    const index = used.locations[number]!;
    const mapping = from.mapping[index]!;
    to.mapping[number] = mappings.numberOf(mapping);
    if (used.isSymbolized[mapping] !== 1) {
      to.addressLow[number] = from.addressLow[index]!;
      if (from.addressHigh !== undefined) to.addressHigh[number] = from.addressHigh[index]!;
    }
    to.isFolded[number] = from.isFolded[index]!;
    to.firstLine[number + 1] = to.firstLine[number]! + from.firstLine[index + 1]! - from.firstLine[index]!;
  }
  return to;
}

function copyLines(
  profile: WorkingProfile,
  usedLocations: readonly number[],
  functions: Numbering,
  count: number,
): LineColumns {
  const { locations, lines: from } = profile.pprof;
  const to = { functionIndex: new Uint32Array(count), line: new Int32Array(count) };
  let position = 0;
  for (let number = 1; number < usedLocations.length; number++) {
    const index = usedLocations[number]!;
    const end = locations.firstLine[index + 1]!;
    for (let line = locations.firstLine[index]!; line < end; line++) {
      to.functionIndex[position] = functions.numberOf(from.functionIndex[line]!);
      to.line[position++] = from.line[line]!;
    }
  }
  return to;
}

function copyMappings(
  profile: WorkingProfile,
  isSymbolized: Uint8Array,
  mappings: Numbering,
  strings: Numbering,
): MappingColumns {
  const from = profile.pprof.mappings;
  const address = (column: Uint32Array | undefined): Uint32Array =>
    Uint32Array.from(mappings.entries, (index) => (isSymbolized[index] === 1 ? 0 : (column?.[index] ?? 0)));
  return {
    startLow: address(from.startLow),
    startHigh: address(from.startHigh),
    limitLow: address(from.limitLow),
    limitHigh: address(from.limitHigh),
    offsetLow: address(from.offsetLow),
    offsetHigh: address(from.offsetHigh),
    filename: Uint32Array.from(mappings.entries, (index) => strings.numberOf(from.filename[index]!)),
    buildId: Uint32Array.from(mappings.entries, (index) => strings.numberOf(from.buildId[index]!)),
    flags: Uint8Array.from(mappings.entries, (index) => from.flags[index]!),
  };
}

function copyFunctions(profile: WorkingProfile, functions: Numbering, strings: Numbering): FunctionColumns {
  const from = profile.pprof.functions;
  const count = functions.entries.length;
  const to = {
    name: new Uint32Array(count),
    systemName: new Uint32Array(count),
    filename: new Uint32Array(count),
    startLine: new Int32Array(count),
  };
  for (let number = 1; number < count; number++) {
    const index = functions.entries[number]!;
    to.name[number] = strings.numberOf(from.name[index]!);
    to.systemName[number] = strings.numberOf(from.systemName[index]!);
    to.filename[number] = strings.numberOf(from.filename[index]!);
    to.startLine[number] = from.startLine[index]!;
  }
  return to;
}

/** Strings of this many bytes and more are copied by a call. */
const CALL_FROM_BYTES = 40;

function copyStrings({ bytes, stringStart, stringEnd }: WorkingProfile, strings: Numbering): StringColumn {
  const offsets = new Uint32Array(strings.entries.length + 1);
  for (const [number, index] of strings.entries.entries()) {
    offsets[number + 1] = offsets[number]! + stringEnd[index]! - stringStart[index]!;
  }
  const copy = new Uint8Array(offsets.at(-1)!);
  let position = 0;
  for (const index of strings.entries) {
    const start = stringStart[index]!;
    const end = stringEnd[index]!;
    // Names are short: below some length a loop is faster than a call that copies.
    if (end - start >= CALL_FROM_BYTES) {
      copy.set(bytes.subarray(start, end), position);
      position += end - start;
    } else {
      for (let from = start; from < end; from++) copy[position++] = bytes[from]!;
    }
  }
  return { bytes: copy, offsets };
}
