import type { StringColumn, Symbols } from "@hearth/symbols";
import { orderByAddress } from "./order-by-address.ts";

/**
 * Renumbers symbols for storing: strings so that they continue the names of the call tree, locations by
 * address, so that the steps between neighbours are small. Stack traces keep their numbers.
 */
export function arrangeSymbols(symbols: Symbols, names: StringColumn, nameOf: Uint32Array): Symbols {
  return sortLocations(continueNames(symbols, names, nameOf));
}

/** @param nameOf - for each function its name in `names`. */
function continueNames(symbols: Symbols, names: StringColumn, nameOf: Uint32Array): Symbols {
  const { strings, mappings, functions } = symbols;
  const numbers = new StringNumbers(strings, names);
  for (const [index, name] of functions.name.entries()) numbers.known(name, nameOf[index]!);
  return {
    ...symbols,
    functions: {
      name: nameOf,
      systemName: functions.systemName.map((string) => numbers.of(string)),
      filename: functions.filename.map((string) => numbers.of(string)),
      startLine: functions.startLine,
    },
    mappings: {
      ...mappings,
      filename: mappings.filename.map((string) => numbers.of(string)),
      buildId: mappings.buildId.map((string) => numbers.of(string)),
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

  constructor(strings: StringColumn, names: StringColumn) {
    this.#strings = strings;
    this.#names = names;
    this.#numbers = new Uint32Array(strings.offsets.length - 1);
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
    const offsets = new Uint32Array(this.#nameCount + this.#others.length + 1);
    offsets.set(this.#names.offsets);
    for (const [index, string] of this.#others.entries()) {
      const at = this.#nameCount + index;
      offsets[at + 1] = offsets[at]! + from[string + 1]! - from[string]!;
    }
    const bytes = new Uint8Array(offsets.at(-1)!);
    bytes.set(this.#names.bytes);
    let at = nameBytes;
    for (const string of this.#others) {
      bytes.set(this.#strings.bytes.subarray(from[string], from[string + 1]), at);
      at += from[string + 1]! - from[string]!;
    }
    return { bytes, offsets };
  }

  get #nameCount(): number {
    return this.#names.offsets.length - 1;
  }
}

function sortLocations(symbols: Symbols): Symbols {
  const { locations, lines, stacktraces } = symbols;
  const order = orderByAddress(locations.addressLow, locations.addressHigh);
  const numbers = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) numbers[order[i]!] = i;
  const firstLine = new Uint32Array(order.length + 1);
  const functionIndex = new Uint32Array(lines.line.length);
  const line = new Int32Array(lines.line.length);
  for (let i = 0, to = 0; i < order.length; i++) {
    const from = order[i]!;
    for (let at = locations.firstLine[from]!; at < locations.firstLine[from + 1]!; at++, to++) {
      functionIndex[to] = lines.functionIndex[at]!;
      line[to] = lines.line[at]!;
    }
    firstLine[i + 1] = to;
  }
  return {
    ...symbols,
    locations: {
      mapping: order.map((from) => locations.mapping[from]!),
      addressLow: order.map((from) => locations.addressLow[from]!),
      addressHigh: order.map((from) => locations.addressHigh[from]!),
      isFolded: Uint8Array.from(order, (from) => locations.isFolded[from]!),
      firstLine,
    },
    lines: { functionIndex, line },
    stacktraces: { parent: stacktraces.parent, location: stacktraces.location.map((from) => numbers[from]!) },
  };
}
