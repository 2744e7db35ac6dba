/**
 * Symbols in columns: what a stack trace is made of, without an object or a string per symbol. Tables refer to each
 * other by index, and entry 0 of each is the empty one: no string, no function, no mapping, no location, and the root
 * that all stack traces grow from. 64-bit numbers are split into two columns of 32 bits.
 */

/** String `i` is the UTF-8 `bytes[offsets[i], offsets[i + 1])`. String 0 is empty. */
export interface StringColumn {
  readonly bytes: Uint8Array;
  /** One more than there are strings; ascending. */
  readonly offsets: Uint32Array;
}

/** Binaries and libraries. */
export interface MappingColumns {
  readonly startLow: Uint32Array;
  readonly startHigh: Uint32Array;
  readonly limitLow: Uint32Array;
  readonly limitHigh: Uint32Array;
  readonly offsetLow: Uint32Array;
  readonly offsetHigh: Uint32Array;
  /** Index of a string. */
  readonly filename: Uint32Array;
  /** Index of a string. */
  readonly buildId: Uint32Array;
  /** Bits: 1 has_functions, 2 has_filenames, 4 has_line_numbers, 8 has_inline_frames. */
  readonly flags: Uint8Array;
}

export interface FunctionColumns {
  /** Indexes of strings. */
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly filename: Uint32Array;
  /** Clamped to 32 bits. */
  readonly startLine: Int32Array;
}

/** Addresses in code; location `i` has the lines `[firstLine[i], firstLine[i + 1])`, innermost (inlined) call first. */
export interface LocationColumns {
  /** Index of a mapping. */
  readonly mapping: Uint32Array;
  readonly addressLow: Uint32Array;
  readonly addressHigh: Uint32Array;
  /** One more than there are locations; ascending. */
  readonly firstLine: Uint32Array;
  /** 1 when several locations were folded into this one. */
  readonly isFolded: Uint8Array;
}

export interface LineColumns {
  /** Index of a function. */
  readonly functionIndex: Uint32Array;
  /** Clamped to 32 bits. */
  readonly line: Int32Array;
}

/** Stack traces as a tree: each is its parent's frames (towards the root) and one location more, the leaf. */
export interface StacktraceColumns {
  /** `parent[i] < i` but for the root, `parent[0] = 0`. */
  readonly parent: Uint32Array;
  /** Index of a location. */
  readonly location: Uint32Array;
}

export interface Symbols {
  readonly strings: StringColumn;
  readonly mappings: MappingColumns;
  readonly functions: FunctionColumns;
  readonly locations: LocationColumns;
  readonly lines: LineColumns;
  readonly stacktraces: StacktraceColumns;
}
