import type { Memory } from "@hearth/arena";
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
  readonly locations: Uint32Array;
  /** 1 for mappings whose addresses are not stored. */
  readonly isSymbolized: Uint8Array;
  readonly stacktraces: StacktraceColumns;
}

/** Copies the symbols that stacks use, numbered by first use, strings without looking at what they say. */
export function buildSymbols(profile: WorkingProfile, used: UsedSymbols): Symbols {
  const mappings = new Numbering(profile.pprof.mappings.count, profile.memory);
  const functions = new Numbering(profile.pprof.functions.count, profile.memory);
  const strings = new Numbering(profile.stringCount, profile.memory);
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
  readonly #entries: Uint32Array;
  #count = 1;

  /** @param count - of all entries; at least the empty one is there. */
  constructor(count: number, memory: Memory) {
    this.#numbers = memory.uint32(count);
    this.#entries = memory.uint32(Math.max(1, count));
  }

  numberOf(entry: number): number {
    const known = this.#numbers[entry]!;
    if (known !== 0 || entry === 0) return known;
    const number = this.#count++;
    this.#entries[number] = entry;
    this.#numbers[entry] = number;
    return number;
  }

  /** Entries by their numbers; good until the next is numbered. */
  get entries(): Uint32Array {
    return this.#entries.subarray(0, this.#count);
  }
}

function copyLocations(profile: WorkingProfile, used: UsedSymbols, mappings: Numbering): LocationColumns {
  const from = profile.pprof.locations;
  const count = used.locations.length;
  const to = {
    mapping: profile.memory.uint32(count),
    addressLow: profile.memory.uint32(count),
    addressHigh: profile.memory.uint32(count),
    firstLine: profile.memory.uint32(count + 1),
    isFolded: profile.memory.uint8(count),
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
  usedLocations: Uint32Array,
  functions: Numbering,
  count: number,
): LineColumns {
  const { locations, lines: from } = profile.pprof;
  const to = { functionIndex: profile.memory.uint32(count), line: profile.memory.int32(count) };
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
  const { entries } = functions;
  const count = entries.length;
  const to = {
    name: profile.memory.uint32(count),
    systemName: profile.memory.uint32(count),
    filename: profile.memory.uint32(count),
    startLine: profile.memory.int32(count),
  };
  for (let number = 1; number < count; number++) {
    const index = entries[number]!;
    to.name[number] = strings.numberOf(from.name[index]!);
    to.systemName[number] = strings.numberOf(from.systemName[index]!);
    to.filename[number] = strings.numberOf(from.filename[index]!);
    to.startLine[number] = from.startLine[index]!;
  }
  return to;
}

function copyStrings(profile: WorkingProfile, strings: Numbering): StringColumn {
  const { bytes, stringStart, stringEnd } = profile;
  const { entries } = strings;
  const offsets = profile.memory.uint32(entries.length + 1);
  let first = bytes.length;
  let end = 0;
  for (let number = 0; number < entries.length; number++) {
    const start = stringStart[entries[number]!]!;
    const stop = stringEnd[entries[number]!]!;
    offsets[number + 1] = offsets[number]! + stop - start;
    if (start < stop && start < first) first = start;
    if (stop > end) end = stop;
  }
  return { bytes: gather(profile, { entries, offsets, first, end }), offsets };
}

interface Gathering {
  readonly entries: Uint32Array;
  readonly offsets: Uint32Array;
  /** Where the strings lie: `[first, end)`. */
  readonly first: number;
  readonly end: number;
}

/**
 * Strings side by side. The stretch that holds them all is copied behind the place for the result, and from there each
 * within its buffer: moving bytes within a buffer needs no view of them, which costs more than moving a name.
 */
function gather(profile: WorkingProfile, { entries, offsets, first, end }: Gathering): Uint8Array {
  const total = offsets[entries.length]!;
  if (total === 0) return profile.memory.uint8(0);
  const both = profile.memory.uint8(total + end - first);
  both.set(profile.bytes.subarray(first, end), total);
  const shift = total - first;
  for (let number = 0; number < entries.length; number++) {
    const string = entries[number]!;
    both.copyWithin(
      offsets[number]!,
      profile.stringStart[string]! + shift,
      profile.stringEnd[string]! + shift,
    );
  }
  return both.subarray(0, total);
}
