import { SATURATED } from "@hearth/protobuf-wire";

/**
 * An OTLP export of profiles in columns, whichever encoding and layout it came in. Nothing is checked yet but the
 * encoding: indexes are as the sender wrote them and may be out of range; {@link OUT_OF_RANGE} stands for those that
 * are negative or do not fit 32 bits.
 */
export interface OtlpExport {
  readonly resources: readonly OtlpResource[];
  readonly dictionary: OtlpDictionary;
  /** Of all profiles, in their order. */
  readonly samples: OtlpSamples;
}

/** In place of an index that cannot be one; no table is as long. */
export const OUT_OF_RANGE = SATURATED;

/** Bounds of one export, beside the size of its body. */
export interface OtlpLimits {
  /** Entries of all tables, profiles and samples together. */
  readonly maxEntryCount: number;
  /** Numbers in all lists: locations of stacks, attributes of samples. */
  readonly maxListedCount: number;
}

/** Well above what a node-wide profiler sends in a minute; an export at both bounds takes some 500 MB to convert. */
export const DEFAULT_OTLP_LIMITS: OtlpLimits = { maxEntryCount: 2_000_000, maxListedCount: 16_000_000 };

export interface OtlpResource {
  readonly attributes: readonly OtlpAttribute[];
  readonly scopes: readonly OtlpScope[];
}

export interface OtlpScope {
  readonly attributes: readonly OtlpAttribute[];
  readonly profiles: readonly OtlpProfile[];
}

export interface OtlpProfile {
  readonly sampleType: OtlpValueType | undefined;
  readonly periodType: OtlpValueType | undefined;
  readonly period: bigint;
  readonly timeUnixNanos: bigint;
  readonly durationNanos: bigint;
  /** Its samples are `[firstSample, endSample)` of the export's. */
  readonly firstSample: number;
  readonly endSample: number;
}

/** Indexes of strings. */
export interface OtlpValueType {
  readonly type: number;
  readonly unit: number;
}

export interface OtlpSamples {
  readonly count: number;
  readonly stack: Uint32Array;
  readonly link: Uint32Array;
  /** Sample `i` has the attributes `attribute[firstAttribute[i], firstAttribute[i + 1])`; one entry more than samples. */
  readonly firstAttribute: Uint32Array;
  readonly attribute: Uint32Array;
  readonly valueCount: Uint32Array;
  /** Sum of the values; NaN where it is in `wideValue`. */
  readonly value: Float64Array;
  /** Sums beyond 2^53, by sample. */
  readonly wideValue: ReadonlyMap<number, bigint>;
  readonly timestampCount: Uint32Array;
}

export interface OtlpAttribute {
  readonly key: string;
  /** Index of a string, which is meant when `key` is empty. */
  readonly keyIndex: number;
  readonly value: OtlpAttributeValue;
}

/** As far as a label can hold it: a text, the index of a string, or nothing. */
export type OtlpAttributeValue = string | number | undefined;

/** Entry 0 of each table is the empty one, if there is any. */
export interface OtlpDictionary {
  readonly strings: OtlpStrings;
  readonly mappings: OtlpMappings;
  readonly locations: OtlpLocations;
  readonly functions: OtlpFunctions;
  readonly links: readonly OtlpLink[];
  readonly attributes: readonly OtlpAttribute[];
  readonly stacks: OtlpStacks;
}

/** String `i` is the UTF-8 `bytes[offsets[i], offsets[i + 1])`. */
export interface OtlpStrings {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

export interface OtlpMappings {
  readonly count: number;
  readonly startLow: Uint32Array;
  readonly startHigh: Uint32Array;
  readonly limitLow: Uint32Array;
  readonly limitHigh: Uint32Array;
  readonly offsetLow: Uint32Array;
  readonly offsetHigh: Uint32Array;
  readonly filename: Uint32Array;
  readonly firstAttribute: Uint32Array;
  readonly attribute: Uint32Array;
}

export interface OtlpLocations {
  readonly count: number;
  readonly mapping: Uint32Array;
  readonly addressLow: Uint32Array;
  readonly addressHigh: Uint32Array;
  /** Location `i` has the lines `[firstLine[i], firstLine[i + 1])`, innermost call first. */
  readonly firstLine: Uint32Array;
  readonly lineFunction: Uint32Array;
  /** Signed, clamped to 32 bits. */
  readonly line: Int32Array;
}

export interface OtlpFunctions {
  readonly count: number;
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly filename: Uint32Array;
  /** Signed, clamped to 32 bits. */
  readonly startLine: Int32Array;
}

/** Of the lengths the sender chose: 16 and 8 bytes when they are real. */
export interface OtlpLink {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
}

/** Stack `i` has the locations `location[firstLocation[i], firstLocation[i + 1])`, leaf first. */
export interface OtlpStacks {
  readonly count: number;
  readonly firstLocation: Uint32Array;
  readonly location: Uint32Array;
}
