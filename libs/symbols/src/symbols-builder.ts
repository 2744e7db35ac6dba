import { heap, type Memory } from "@hearth/arena";
import type { Symbols } from "./columns.ts";
import { FunctionTable } from "./function-table.ts";
import { LocationTable } from "./location-table.ts";
import { MappingTable } from "./mapping-table.ts";
import { StacktraceTable } from "./stacktrace-table.ts";
import { StringInterner } from "./string-interner.ts";
import { SymbolsMerge, unmapped } from "./symbols-merge.ts";

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
  readonly #stacktraces: StacktraceTable;

  /** @param memory - where the symbols lie, and what merging needs. */
  constructor(memory: Memory = heap) {
    this.#memory = memory;
    this.strings = new StringInterner(memory);
    this.#functions = new FunctionTable(memory);
    this.#mappings = new MappingTable(memory);
    this.#locations = new LocationTable(memory);
    this.#stacktraces = new StacktraceTable(memory);
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
    const { parent } = symbols.stacktraces;
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
    const locations = merge.mergeLocations(wanted);
    const remap = unmapped(parent.length, this.#memory);
    const { count: locationCount } = this.#locations;
    this.#stacktraces.internAll(symbols.stacktraces, wanted, { locations, locationCount }, remap);
    return remap;
  }

  /** The merged symbols so far, copied to size. */
  build(): Symbols {
    const { strings: _, ...views } = this.view();
    return { ...copyColumns(views), strings: this.strings.build() };
  }

  /** The merged symbols so far, not copied: good until the next merge. */
  view(): Symbols {
    return {
      strings: this.strings.view(),
      mappings: this.#mappings.build(),
      functions: this.#functions.view(),
      ...this.#locations.view(),
      stacktraces: this.#stacktraces.view(),
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

/** 1 for each used stack trace and everything between it and the root. */
export function withAncestors(parent: Uint32Array, used: Uint32Array, memory: Memory = heap): Uint8Array {
  const wanted = memory.uint8(parent.length);
  wanted[0] = 1;
  for (let i = 0; i < used.length; i++) {
    for (let at = used[i]!; wanted[at] === 0; at = parent[at]!) wanted[at] = 1;
  }
  return wanted;
}
