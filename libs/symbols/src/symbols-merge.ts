import type { Memory } from "@hearth/arena";
import type { Symbols } from "./columns.ts";
import type { FunctionTable } from "./function-table.ts";
import type { ForeignLocations, LocationTable } from "./location-table.ts";
import type { MappingTable } from "./mapping-table.ts";
import type { StringInterner } from "./string-interner.ts";

/** Marks what was not asked for; no table has such a number. */
export const NOT_MERGED = 0xffffffff;

export interface SymbolTables {
  readonly strings: StringInterner;
  readonly functions: FunctionTable;
  readonly mappings: MappingTable;
  readonly locations: LocationTable;
}

/** What of a foreign set of symbols is taken over: 1 for each entry that is. */
interface Wanted {
  readonly strings: Uint8Array;
  readonly functions: Uint8Array;
  readonly locations: Uint8Array;
}

/**
 * One foreign set of symbols on its way into the tables. What the tables have is looked up table by table, in the order
 * of the foreign entries: of blocks of one program that is nearly all, and columns are fastest one after the other. What
 * they do not have is added as stack traces come to it, which makes neighbours in a stack neighbours in the tables.
 */
export class SymbolsMerge {
  readonly #from: Symbols;
  readonly #into: SymbolTables;
  readonly #memory: Memory;
  readonly #stringMap: Uint32Array;
  readonly #functionMap: Uint32Array;
  readonly #mappingMap: Uint32Array;
  readonly #locationMap: Uint32Array;
  readonly #foreign: ForeignLocations;

  constructor(from: Symbols, into: SymbolTables, memory: Memory) {
    this.#from = from;
    this.#into = into;
    this.#memory = memory;
    this.#stringMap = unmapped(from.strings.offsets.length - 1, memory);
    this.#functionMap = unmapped(from.functions.name.length, memory);
    this.#mappingMap = unmapped(from.mappings.filename.length, memory);
    this.#locationMap = unmapped(from.locations.mapping.length, memory);
    this.#foreign = {
      locations: from.locations,
      lines: from.lines,
      mappingMap: this.#mappingMap,
      functionMap: this.#functionMap,
    };
  }

  /**
   * Takes over the locations of stack traces.
   *
   * @param wanted - 1 for each stack trace whose location is taken over.
   * @returns for each location its number in the tables.
   */
  mergeLocations(wanted: Uint8Array): Uint32Array {
    if (this.#into.locations.count > 1) this.#find(this.#wantedBy(wanted));
    this.#addMissing(wanted);
    return this.#locationMap;
  }

  #wantedBy(stacktraces: Uint8Array): Wanted {
    const { location } = this.#from.stacktraces;
    const { firstLine } = this.#from.locations;
    const { functionIndex } = this.#from.lines;
    const { name, systemName, filename } = this.#from.functions;
    const locations = this.#memory.uint8(this.#locationMap.length);
    const functions = this.#memory.uint8(this.#functionMap.length);
    const strings = this.#memory.uint8(this.#stringMap.length);
    for (let i = 1; i < stacktraces.length; i++) if (stacktraces[i] === 1) locations[location[i]!] = 1;
    for (let i = 1; i < locations.length; i++) {
      if (locations[i] === 0) continue;
      for (let line = firstLine[i]!; line < firstLine[i + 1]!; line++) functions[functionIndex[line]!] = 1;
    }
    for (let i = 1; i < functions.length; i++) {
      if (functions[i] === 0) continue;
      strings[name[i]!] = 1;
      strings[systemName[i]!] = 1;
      strings[filename[i]!] = 1;
    }
    return { locations, functions, strings };
  }

  /** Maps what is there of what is wanted. */
  #find(wanted: Wanted): void {
    const { strings, functions, locations } = this.#from;
    this.#into.strings.findAll(strings, wanted.strings, this.#stringMap);
    const foreign = { functions, stringMap: this.#stringMap };
    this.#into.functions.findAll(foreign, wanted.functions, this.#functionMap);
    for (let i = 1; i < wanted.locations.length; i++) {
      if (wanted.locations[i] === 1) this.#addMapping(locations.mapping[i]!);
    }
    this.#into.locations.findAll(this.#foreign, wanted.locations, this.#locationMap);
  }

  /** Adds the locations of stack traces that are not there, with all that they are made of. */
  #addMissing(wanted: Uint8Array): void {
    const { location } = this.#from.stacktraces;
    const map = this.#locationMap;
    for (let i = 1; i < wanted.length; i++) {
      if (wanted[i] === 1 && map[location[i]!] === NOT_MERGED) this.#addLocation(location[i]!);
    }
  }

  #addLocation(index: number): void {
    const { locations, lines } = this.#from;
    const end = locations.firstLine[index + 1]!;
    for (let line = locations.firstLine[index]!; line < end; line++)
      this.#addFunction(lines.functionIndex[line]!);
    this.#addMapping(locations.mapping[index]!);
    this.#locationMap[index] = this.#into.locations.intern(this.#foreign, index);
  }

  #addFunction(index: number): void {
    if (this.#functionMap[index] !== NOT_MERGED) return;
    const { name, systemName, filename } = this.#from.functions;
    this.#addString(name[index]!);
    this.#addString(systemName[index]!);
    this.#addString(filename[index]!);
    const foreign = { functions: this.#from.functions, stringMap: this.#stringMap };
    this.#functionMap[index] = this.#into.functions.intern(foreign, index);
  }

  #addMapping(index: number): void {
    if (this.#mappingMap[index] !== NOT_MERGED) return;
    const { mappings } = this.#from;
    this.#mappingMap[index] = this.#into.mappings.intern(
      mappings,
      index,
      this.#addString(mappings.filename[index]!),
      this.#addString(mappings.buildId[index]!),
    );
  }

  #addString(index: number): number {
    const known = this.#stringMap[index]!;
    if (known !== NOT_MERGED) return known;
    const { bytes, offsets } = this.#from.strings;
    return (this.#stringMap[index] = this.#into.strings.intern(bytes, offsets[index]!, offsets[index + 1]!));
  }
}

/** Entry 0 of every table is the empty one, here as there. */
export function unmapped(count: number, memory: Memory): Uint32Array {
  const map = memory.uint32(count).fill(NOT_MERGED);
  map[0] = 0;
  return map;
}
