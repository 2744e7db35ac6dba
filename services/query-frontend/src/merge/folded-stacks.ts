import type { StringColumn, Symbols } from "@hearth/symbols";
import { FOLDED_TEXT } from "@hearth/tree";

/**
 * Adds stack traces that are one location longer than those that are there: a location that stands for all frames that
 * were cut off, of a function `other`.
 *
 * @param cut - stack traces to lengthen; the new ones are numbered from `symbols.stacktraces.parent.length` on, in this
 * order.
 */
export function withFoldedStacks(symbols: Symbols, cut: readonly number[]): Symbols {
  const { strings, mappings, functions, locations, lines, stacktraces } = symbols;
  const text = strings.offsets.length - 1;
  // Every location has a mapping; this one is as good as any.
  const mapping = Math.min(1, mappings.flags.length - 1);
  return {
    mappings,
    strings: withString(strings, FOLDED_TEXT),
    functions: {
      name: extended(functions.name, [text]),
      systemName: extended(functions.systemName, [text]),
      filename: extended(functions.filename, [0]),
      startLine: extended(functions.startLine, [0]),
    },
    locations: {
      mapping: extended(locations.mapping, [mapping]),
      addressLow: extended(locations.addressLow, [0]),
      addressHigh: extended(locations.addressHigh, [0]),
      firstLine: extended(locations.firstLine, [lines.line.length + 1]),
      isFolded: extended(locations.isFolded, [0]),
    },
    lines: {
      functionIndex: extended(lines.functionIndex, [functions.name.length]),
      line: extended(lines.line, [0]),
    },
    stacktraces: {
      parent: extended(stacktraces.parent, cut),
      location: extended(
        stacktraces.location,
        cut.map(() => locations.mapping.length),
      ),
    },
  };
}

function withString({ bytes, offsets }: StringColumn, text: string): StringColumn {
  const added = new TextEncoder().encode(text);
  return { bytes: extended(bytes, added), offsets: extended(offsets, [bytes.length + added.length]) };
}

function extended<C extends Uint8Array | Uint32Array | Int32Array>(column: C, values: ArrayLike<number>): C {
  const own = new (column.constructor as new (length: number) => C)(column.length + values.length);
  own.set(column);
  own.set(values, column.length);
  return own;
}
