import type { ExactColumn } from "@hearth/exact-integers";

/** Stands for an id that no entry of its table has. */
export const UNKNOWN = 0xff_ff_ff_ff;

/**
 * A pprof profile (`google.v1.Profile`) in columns, as it was sent: nothing is checked yet but the encoding.
 *
 * Mappings, functions and locations are numbered from 1 in the order they came; entry 0 is the empty one. Where the
 * message refers to one of them by id, the columns hold its number: 0 for the id 0, `UNKNOWN` for an id that no entry
 * has; of two entries with one id the later is meant. Indexes of strings are kept as they came, and may be out of
 * range; `UNKNOWN` stands for those that are negative or do not fit 32 bits.
 */
export interface PprofProfile {
  /** What was decoded; strings lie in it. */
  readonly bytes: Uint8Array;
  readonly strings: PprofStrings;
  readonly sampleTypes: readonly PprofValueType[];
  readonly samples: PprofSamples;
  readonly labels: PprofLabels;
  readonly mappings: PprofMappings;
  readonly locations: PprofLocations;
  readonly lines: PprofLines;
  readonly functions: PprofFunctions;
  readonly periodType: PprofValueType | undefined;
  readonly period: bigint;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  /** Indexes of strings. */
  readonly comments: Uint32Array;
  /** Index of a string. */
  readonly defaultSampleType: number;
  /** Index of a string. */
  readonly dropFrames: number;
  /** Index of a string. */
  readonly keepFrames: number;
}

/** String `i` is the bytes `[start[i], end[i])` of the input, not checked to be UTF-8. */
export interface PprofStrings {
  readonly count: number;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/** Indexes of strings. */
export interface PprofValueType {
  readonly type: number;
  readonly unit: number;
}

/** Sample `i` ends where `…End[i]` says, and begins where the one before ends. */
export interface PprofSamples {
  readonly count: number;
  readonly locationEnd: Uint32Array;
  /** Numbers of locations, leaf first. */
  readonly location: Uint32Array;
  readonly valueEnd: Uint32Array;
  /** Exact where not negative; a low part below 0 says that the value is negative. */
  readonly value: ExactColumn;
  /** Ends in `PprofProfile.labels`. */
  readonly labelEnd: Uint32Array;
}

/** Labels of samples. A label is a text when its `text` is not 0, else a number. */
export interface PprofLabels {
  readonly count: number;
  /** Index of a string. */
  readonly key: Uint32Array;
  /** Index of a string. */
  readonly text: Uint32Array;
  readonly number: ExactColumn;
  /** Index of a string. */
  readonly numberUnit: Uint32Array;
}

/** Entry 0 is empty; `count` includes it. */
export interface PprofMappings {
  readonly count: number;
  readonly startLow: Uint32Array;
  readonly startHigh: Uint32Array | undefined;
  readonly limitLow: Uint32Array;
  readonly limitHigh: Uint32Array | undefined;
  readonly offsetLow: Uint32Array;
  readonly offsetHigh: Uint32Array | undefined;
  /** Index of a string. */
  readonly filename: Uint32Array;
  /** Index of a string. */
  readonly buildId: Uint32Array;
  /** Bits: 1 has_functions, 2 has_filenames, 4 has_line_numbers, 8 has_inline_frames. */
  readonly flags: Uint32Array;
}

/** Entry 0 is empty; `count` includes it. */
export interface PprofLocations {
  readonly count: number;
  /** Number of a mapping. */
  readonly mapping: Uint32Array;
  readonly addressLow: Uint32Array;
  readonly addressHigh: Uint32Array | undefined;
  /** Location `i` has the lines `[firstLine[i], firstLine[i + 1])`, innermost call first; one entry more than `count`. */
  readonly firstLine: Uint32Array;
  readonly isFolded: Uint32Array;
  /** Whether an entry says of itself that its id is 0, or says nothing: nobody can refer to it. */
  readonly hasZeroId: boolean;
}

export interface PprofLines {
  readonly count: number;
  /** Number of a function. */
  readonly functionIndex: Uint32Array;
  /** A signed number in 32 bits, clamped: read as `| 0`. */
  readonly line: Uint32Array;
}

/** Entry 0 is empty; `count` includes it. */
export interface PprofFunctions {
  readonly count: number;
  /** Indexes of strings. */
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly filename: Uint32Array;
  /** A signed number in 32 bits, clamped: read as `| 0`. */
  readonly startLine: Uint32Array;
  /** Whether an entry says of itself that its id is 0, or says nothing: nobody can refer to it. */
  readonly hasZeroId: boolean;
}
