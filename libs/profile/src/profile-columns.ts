import type { ExactColumn } from "@hearth/exact-integers";
import type { Labels } from "@hearth/labels";
import type { Symbols } from "@hearth/symbols";

/**
 * Profiles of one service, decoded, in columns: the form in which they travel from distributor to segment writer, are
 * merged into blocks and leave again. A pushed profile holds several sample types and, through sample labels, several
 * series; each pair of a series and a sample type of a profile is one row, with its samples beside each other.
 */
export interface ProfileColumns {
  readonly series: readonly Series[];
  readonly rows: RowColumns;
  readonly samples: SampleColumns;
  /** May hold symbols that no sample uses. */
  readonly symbols: Symbols;
}

/** One profile type of one label set. */
export interface Series {
  /** All labels, `__profile_type__` and its parts among them, in the stored order. */
  readonly labels: Labels;
  /** xxHash64 of the labels, as unsigned 64 bits. */
  readonly fingerprint: bigint;
}

/** Row identity is (fingerprint of the series, time, profile id): a row that comes again is dropped. */
export interface RowColumns {
  readonly count: number;
  /** Index into `series`. */
  readonly series: Uint32Array;
  /** Time of the profile: whole Unix milliseconds, and the rest in nanoseconds, `0 <= rest < 1e6`. */
  readonly timeMs: Float64Array;
  readonly timeRestNanos: Uint32Array;
  /** 16 bytes each, content-derived. */
  readonly profileId: Uint8Array;
  /** Sum of the values of the row's samples. */
  readonly total: ExactColumn;
  /** Row `i` has the samples `[firstSample[i], firstSample[i + 1])`; one more entry than there are rows. */
  readonly firstSample: Uint32Array;
  /** What one event stands for, in units of the period type; 0 when unknown. */
  readonly period: Float64Array;
  readonly durationNanos: Float64Array;
}

export interface SampleColumns {
  readonly count: number;
  /** Index of a stack trace; 0 for a sample without one. */
  readonly stacktrace: Uint32Array;
  /** Each greater than 0. */
  readonly value: ExactColumn;
  /** 8 bytes each, as written in hex by the client; all zero means none. Absent when no sample has one. */
  readonly spanId: Uint8Array | undefined;
  /** 16 bytes each; all zero means none. Absent when no sample has one. */
  readonly traceId: Uint8Array | undefined;
}
