import type { Memory } from "@hearth/arena";
import type { StringColumn, Symbols } from "@hearth/symbols";
import { orderByAddress } from "./order-by-address.ts";

/**
 * Renumbers symbols for storing: strings so that they continue the names of the call tree, locations by
 * address, so that the steps between neighbours are small. Stack traces keep their numbers.
 */
export function arrangeSymbols(symbols: Symbols, known: KnownNames, memory: Memory): Symbols {
  return sortLocations(continueNames(symbols, known, memory), memory);
}

export interface KnownNames {
  readonly names: StringColumn;
  /** For each function its name in `names`. */
  readonly nameOf: Uint32Array;
}

function continueNames(symbols: Symbols, { names, nameOf }: KnownNames, memory: Memory): Symbols {
  const { strings, mappings, functions } = symbols;
  const numbers = new StringNumbers(strings, names, memory);
  for (let i = 0; i < nameOf.length; i++) numbers.known(functions.name[i]!, nameOf[i]!);
  const renumbered = (column: Uint32Array): Uint32Array => {
    const to = memory.uint32(column.length);
    for (let i = 0; i < to.length; i++) to[i] = numbers.of(column[i]!);
    return to;
  };
  return {
    ...symbols,
    functions: {
      name: nameOf,
      systemName: renumbered(functions.systemName),
      filename: renumbered(functions.filename),
      startLine: functions.startLine,
    },
    mappings: {
      ...mappings,
      filename: renumbered(mappings.filename),
      buildId: renumbered(mappings.buildId),
    },
    strings: numbers.build(),
  };
}

/** Strings renumbered: names first, then the others as they are asked for. */
class StringNumbers {
  readonly #strings: StringColumn;
  readonly #names: StringColumn;
  /** New number + 1, or 0 while there is none. */
  readonly #numbers: Uint32Array;
  /** Old numbers of the strings that are no names, in their new order. */
  readonly #others: number[] = [];
  readonly #memory: Memory;

  constructor(strings: StringColumn, names: StringColumn, memory: Memory) {
    this.#memory = memory;
    this.#strings = strings;
    this.#names = names;
    this.#numbers = memory.uint32(strings.offsets.length - 1);
    this.#numbers[0] = 1;
  }

  known(string: number, number: number): void {
    this.#numbers[string] = number + 1;
  }

  of(string: number): number {
    if (this.#numbers[string] === 0) this.#numbers[string] = this.#nameCount + this.#others.push(string);
    return this.#numbers[string]! - 1;
  }

  build(): StringColumn {
    const from = this.#strings.offsets;
    const nameBytes = this.#names.bytes.length;
    const offsets = this.#memory.uint32(this.#nameCount + this.#others.length + 1);
    offsets.set(this.#names.offsets);
    for (let index = 0; index < this.#others.length; index++) {
      const string = this.#others[index]!;
      const at = this.#nameCount + index;
      offsets[at + 1] = offsets[at]! + from[string + 1]! - from[string]!;
    }
    const bytes = this.#memory.uint8(offsets.at(-1)!);
    bytes.set(this.#names.bytes);
    let at = nameBytes;
    for (let index = 0; index < this.#others.length; index++) {
      const string = this.#others[index]!;
      bytes.set(this.#strings.bytes.subarray(from[string], from[string + 1]), at);
      at += from[string + 1]! - from[string]!;
    }
    return { bytes, offsets };
  }

  get #nameCount(): number {
    return this.#names.offsets.length - 1;
  }
}

function sortLocations(symbols: Symbols, memory: Memory): Symbols {
  const { locations, lines, stacktraces } = symbols;
  const order = orderByAddress(locations.addressLow, locations.addressHigh, memory);
  const numbers = memory.uint32(order.length);
  for (let i = 0; i < order.length; i++) numbers[order[i]!] = i;
  const firstLine = memory.uint32(order.length + 1);
  const functionIndex = memory.uint32(lines.line.length);
  const line = memory.int32(lines.line.length);
  for (let i = 0, to = 0; i < order.length; i++) {
    const from = order[i]!;
    for (let at = locations.firstLine[from]!; at < locations.firstLine[from + 1]!; at++, to++) {
      functionIndex[to] = lines.functionIndex[at]!;
      line[to] = lines.line[at]!;
    }
    firstLine[i + 1] = to;
  }
  const isFolded = memory.uint8(order.length);
  for (let i = 0; i < order.length; i++) isFolded[i] = locations.isFolded[order[i]!]!;
  return {
    ...symbols,
    locations: {
      mapping: picked(locations.mapping, order, memory),
      addressLow: picked(locations.addressLow, order, memory),
      addressHigh: picked(locations.addressHigh, order, memory),
      isFolded,
      firstLine,
    },
    lines: { functionIndex, line },
    stacktraces: {
      parent: stacktraces.parent,
      location: picked(numbers, stacktraces.location, memory),
    },
  };
}

/** `column[index]` for each of `indexes`. */
function picked(column: Uint32Array, indexes: Uint32Array, memory: Memory): Uint32Array {
  const to = memory.uint32(indexes.length);
  for (let i = 0; i < to.length; i++) to[i] = column[indexes[i]!]!;
  return to;
}
