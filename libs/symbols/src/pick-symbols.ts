import { heap, type Memory } from "@hearth/arena";
import type { LineColumns, LocationColumns, Symbols } from "./columns.ts";
import { pickStrings } from "./pick-strings.ts";
import { withAncestors } from "./symbols-builder.ts";
import { NOT_MERGED } from "./symbols-merge.ts";

/**
 * The symbols that some stack traces use, and nothing else, numbered as `SymbolsBuilder` would number them. Equal
 * entries stay apart: for symbols without repeats this is what merging them into an empty builder gives, for a fraction
 * of the cost, since nothing is hashed or compared.
 *
 * @param used - indexes into `symbols.stacktraces`, in any order, with repeats.
 * @param memory - where the picked symbols lie.
 * @returns `remap`: for each stack trace of `from` its number there, or {@link NOT_MERGED}.
 */
export function pickSymbols(
  from: Symbols,
  used: Uint32Array,
  memory: Memory = heap,
): { symbols: Symbols; remap: Uint32Array } {
  const { parent, location } = from.stacktraces;
  const wanted = withAncestors(parent, used, memory);
  const picking = new SymbolsPicking(from, memory);
  const remap = memory.uint32(parent.length).fill(NOT_MERGED);
  const stacktraces = { parent: memory.uint32(parent.length), location: memory.uint32(parent.length) };
  remap[0] = 0;
  let count = 1;
  for (let i = 1; i < parent.length; i++) {
    if (wanted[i] === 0) continue;
    stacktraces.parent[count] = remap[parent[i]!]!;
    stacktraces.location[count] = picking.location(location[i]!);
    remap[i] = count++;
  }
  const own = {
    parent: stacktraces.parent.subarray(0, count),
    location: stacktraces.location.subarray(0, count),
  };
  return { symbols: { ...picking.tables(), stacktraces: own }, remap };
}

/** Entries of a table in the order in which they are asked for, after the empty one. */
class Picking {
  readonly chosen: number[] = [0];
  /** 0 where not chosen. */
  readonly #numbers: Uint32Array;

  constructor(count: number, memory: Memory) {
    this.#numbers = memory.uint32(count);
  }

  has(index: number): boolean {
    return index === 0 || this.#numbers[index] !== 0;
  }

  number(index: number): number {
    if (!this.has(index)) this.#numbers[index] = this.chosen.push(index) - 1;
    return this.#numbers[index]!;
  }
}

class SymbolsPicking {
  readonly #from: Symbols;
  readonly #memory: Memory;
  readonly #strings: Picking;
  readonly #mappings: Picking;
  readonly #functions: Picking;
  readonly #locations: Picking;

  constructor(from: Symbols, memory: Memory) {
    this.#from = from;
    this.#memory = memory;
    this.#strings = new Picking(from.strings.offsets.length - 1, memory);
    this.#mappings = new Picking(from.mappings.filename.length, memory);
    this.#functions = new Picking(from.functions.name.length, memory);
    this.#locations = new Picking(from.locations.mapping.length, memory);
  }

  location(index: number): number {
    if (!this.#locations.has(index)) this.#chooseWhatItUses(index);
    return this.#locations.number(index);
  }

  /** All that was chosen. */
  tables(): Omit<Symbols, "stacktraces"> {
    const { strings, mappings, functions } = this.#from;
    const mapping = <C extends Column>(column: C): C => pickEntries(column, this.#mappings.chosen);
    const fn = <C extends Column>(column: C): C => pickEntries(column, this.#functions.chosen);
    const string = (index: number): number => this.#strings.number(index);
    return {
      mappings: {
        startLow: mapping(mappings.startLow),
        startHigh: mapping(mappings.startHigh),
        limitLow: mapping(mappings.limitLow),
        limitHigh: mapping(mappings.limitHigh),
        offsetLow: mapping(mappings.offsetLow),
        offsetHigh: mapping(mappings.offsetHigh),
        filename: mapping(mappings.filename).map(string),
        buildId: mapping(mappings.buildId).map(string),
        flags: mapping(mappings.flags),
      },
      functions: {
        name: fn(functions.name).map(string),
        systemName: fn(functions.systemName).map(string),
        filename: fn(functions.filename).map(string),
        startLine: fn(functions.startLine),
      },
      ...this.#locationsAndLines(),
      strings: pickStrings(strings, this.#strings.chosen),
    };
  }

  #chooseWhatItUses(location: number): void {
    const { locations, lines } = this.#from;
    for (let at = locations.firstLine[location]!; at < locations.firstLine[location + 1]!; at++) {
      this.#chooseFunction(lines.functionIndex[at]!);
    }
    this.#chooseMapping(locations.mapping[location]!);
  }

  #chooseFunction(index: number): void {
    if (this.#functions.has(index)) return;
    const { name, systemName, filename } = this.#from.functions;
    this.#strings.number(name[index]!);
    this.#strings.number(systemName[index]!);
    this.#strings.number(filename[index]!);
    this.#functions.number(index);
  }

  #chooseMapping(index: number): void {
    if (this.#mappings.has(index)) return;
    const { filename, buildId } = this.#from.mappings;
    this.#strings.number(filename[index]!);
    this.#strings.number(buildId[index]!);
    this.#mappings.number(index);
  }

  #locationsAndLines(): { locations: LocationColumns; lines: LineColumns } {
    const { locations, lines } = this.#from;
    const { chosen } = this.#locations;
    const firstLine = this.#memory.uint32(chosen.length + 1);
    for (let index = 0; index < chosen.length; index++) {
      const id = chosen[index]!;
      firstLine[index + 1] = firstLine[index]! + locations.firstLine[id + 1]! - locations.firstLine[id]!;
    }
    const own = this.#memory.uint32(firstLine[chosen.length]!);
    const line = this.#memory.int32(own.length);
    for (let index = 0; index < chosen.length; index++) {
      const id = chosen[index]!;
      const from = locations.firstLine[id]! - firstLine[index]!;
      for (let at = firstLine[index]!; at < firstLine[index + 1]!; at++) {
        own[at] = this.#functions.number(lines.functionIndex[from + at]!);
        line[at] = lines.line[from + at]!;
      }
    }
    return {
      locations: {
        mapping: pickEntries(locations.mapping, chosen).map((index) => this.#mappings.number(index)),
        addressLow: pickEntries(locations.addressLow, chosen),
        addressHigh: pickEntries(locations.addressHigh, chosen),
        firstLine,
        isFolded: pickEntries(locations.isFolded, chosen),
      },
      lines: { functionIndex: own, line },
    };
  }
}

type Column = Uint8Array | Uint32Array | Int32Array;

function pickEntries<C extends Column>(column: C, chosen: readonly number[]): C {
  const own = new (column.constructor as new (length: number) => C)(chosen.length);
  for (let i = 0; i < chosen.length; i++) own[i] = column[chosen[i]!]!;
  return own;
}
