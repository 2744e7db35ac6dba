import { heap, type Memory } from "@hearth/arena";
import type { LineColumns, Symbols } from "./columns.ts";
import { FunctionTable } from "./function-table.ts";
import { LocationTable } from "./location-table.ts";
import { MappingTable } from "./mapping-table.ts";
import { PairInterner } from "./pair-interner.ts";
import { StringInterner } from "./string-interner.ts";

/** Marks what {@link SymbolsBuilder.merge} was not asked for. */
export const NOT_MERGED = 0xffffffff;

/**
 * Merges symbols of many profiles or blocks into one: equal strings, functions, mappings, locations and stack traces
 * become one. Only what the given stack traces use is taken over. Numbers are handed out as symbols come, so the same
 * input in the same order gives the same output.
 */
export class SymbolsBuilder {
  readonly strings: StringInterner;
  readonly #memory: Memory;
  readonly #functions: FunctionTable;
  readonly #mappings: MappingTable;
  readonly #locations: LocationTable;
  /** Pairs of (parent, location); pair 0 is the root. */
  readonly #stacktraces: PairInterner;

  /** @param memory - where the symbols lie, and what merging needs. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.strings = new StringInterner(memory);
    this.#functions = new FunctionTable(memory);
    this.#mappings = new MappingTable(memory);
    this.#locations = new LocationTable(memory);
    this.#stacktraces = new PairInterner(64, memory);
    this.#stacktraces.intern(0, 0);
  }

  get stacktraceCount(): number {
    return this.#stacktraces.count;
  }

  get locationCount(): number {
    return this.#locations.count;
  }

  /**
   * Takes over the stack traces `used` and all that they are made of.
   *
   * @param symbols - their indexes must have been checked: see `checkSymbols`.
   * @param used - indexes into `symbols.stacktraces`, in any order, with repeats.
   * @returns for each stack trace of `symbols` its number here, or {@link NOT_MERGED}.
   */
  merge(symbols: Symbols, used: Uint32Array): Uint32Array {
    const { parent, location } = symbols.stacktraces;
    const wanted = withAncestors(parent, used, this.#memory);
    const merge = new SymbolsMerge(
      symbols,
      {
        strings: this.strings,
        functions: this.#functions,
        mappings: this.#mappings,
        locations: this.#locations,
      },
      this.#memory,
    );
    const remap = unmapped(parent.length, this.#memory);
    for (let i = 1; i < parent.length; i++) {
      if (wanted[i] === 0) continue;
      remap[i] = this.#stacktraces.intern(remap[parent[i]!]!, merge.location(location[i]!));
    }
    return remap;
  }

  /** The merged symbols so far, copied to size. */
  build(): Symbols {
    const { strings: _, ...views } = this.view();
    return { ...copyColumns(views), strings: this.strings.build() };
  }

  /** The merged symbols so far, not copied: good until the next merge. */
  view(): Symbols {
    const count = this.#stacktraces.count;
    return {
      strings: this.strings.view(),
      mappings: this.#mappings.build(),
      functions: this.#functions.view(),
      ...this.#locations.view(),
      stacktraces: {
        parent: this.#stacktraces.first.subarray(0, count),
        location: this.#stacktraces.second.subarray(0, count),
      },
    };
  }
}

type Tables = Omit<Symbols, "strings">;

/** Copies every column of every table. */
function copyColumns({ mappings, functions, locations, lines, stacktraces }: Tables): Tables {
  return {
    mappings,
    functions: copied(functions),
    locations: copied(locations),
    lines: copied(lines),
    stacktraces: copied(stacktraces),
  };
}

function copied<T extends object>(columns: T): T {
  const entries = Object.entries(columns as Record<string, Uint32Array>);
  return Object.fromEntries(entries.map(([name, column]) => [name, column.slice()])) as T;
}

interface SymbolTables {
  readonly strings: StringInterner;
  readonly functions: FunctionTable;
  readonly mappings: MappingTable;
  readonly locations: LocationTable;
}

/** One foreign set of symbols on its way into the tables; each symbol is translated once, when it is first needed. */
class SymbolsMerge {
  readonly #from: Symbols;
  readonly #into: SymbolTables;
  readonly #stringMap: Uint32Array;
  readonly #functionMap: Uint32Array;
  readonly #mappingMap: Uint32Array;
  readonly #locationMap: Uint32Array;
  /** Reused for the lines of one location. */
  #lines: LineColumns = { functionIndex: new Uint32Array(8), line: new Int32Array(8) };

  constructor(from: Symbols, into: SymbolTables, memory: Memory) {
    this.#from = from;
    this.#into = into;
    this.#stringMap = unmapped(from.strings.offsets.length - 1, memory);
    this.#functionMap = unmapped(from.functions.name.length, memory);
    this.#mappingMap = unmapped(from.mappings.filename.length, memory);
    this.#locationMap = unmapped(from.locations.mapping.length, memory);
  }

  location(index: number): number {
    const known = this.#locationMap[index]!;
    if (known !== NOT_MERGED) return known;
    const { locations, lines } = this.#from;
    const first = locations.firstLine[index]!;
    const lineCount = locations.firstLine[index + 1]! - first;
    if (this.#lines.line.length < lineCount) {
      this.#lines = { functionIndex: new Uint32Array(lineCount * 2), line: new Int32Array(lineCount * 2) };
    }
    for (let i = 0; i < lineCount; i++) {
      this.#lines.functionIndex[i] = this.#function(lines.functionIndex[first + i]!);
      this.#lines.line[i] = lines.line[first + i]!;
    }
    return (this.#locationMap[index] = this.#into.locations.intern(
      this.#mapping(locations.mapping[index]!),
      locations.addressLow[index]!,
      locations.addressHigh[index]!,
      locations.isFolded[index]!,
      this.#lines,
      lineCount,
    ));
  }

  #function(index: number): number {
    const known = this.#functionMap[index]!;
    if (known !== NOT_MERGED) return known;
    const { name, systemName, filename, startLine } = this.#from.functions;
    return (this.#functionMap[index] = this.#into.functions.intern(
      this.#string(name[index]!),
      this.#string(systemName[index]!),
      this.#string(filename[index]!),
      startLine[index]!,
    ));
  }

  #mapping(index: number): number {
    const known = this.#mappingMap[index]!;
    if (known !== NOT_MERGED) return known;
    const { filename, buildId } = this.#from.mappings;
    return (this.#mappingMap[index] = this.#into.mappings.intern(
      this.#from.mappings,
      index,
      this.#string(filename[index]!),
      this.#string(buildId[index]!),
    ));
  }

  #string(index: number): number {
    const known = this.#stringMap[index]!;
    if (known !== NOT_MERGED) return known;
    const { bytes, offsets } = this.#from.strings;
    return (this.#stringMap[index] = this.#into.strings.intern(bytes, offsets[index]!, offsets[index + 1]!));
  }
}

/** Entry 0 of every table is the empty one, here as there. */
function unmapped(count: number, memory: Memory): Uint32Array {
  const map = memory.uint32(count).fill(NOT_MERGED);
  map[0] = 0;
  return map;
}

/** 1 for each used stack trace and everything between it and the root. */
export function withAncestors(parent: Uint32Array, used: Uint32Array, memory: Memory = heap): Uint8Array {
  const wanted = memory.uint8(parent.length);
  wanted[0] = 1;
  for (let i = 0; i < used.length; i++) {
    for (let at = used[i]!; wanted[at] === 0; at = parent[at]!) wanted[at] = 1;
  }
  return wanted;
}
