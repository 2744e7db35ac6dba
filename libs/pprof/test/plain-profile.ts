import { int64ToBigInt, type PprofProfile } from "@hearth/pprof";

/** A decoded profile as plain objects; references are numbers of entries, as `PprofProfile` has them. */
export interface PlainProfile {
  readonly strings: readonly string[];
  readonly sampleTypes: readonly { readonly type: number; readonly unit: number }[];
  readonly samples: readonly PlainSample[];
  readonly mappings: readonly PlainMapping[];
  readonly locations: readonly PlainLocation[];
  readonly functions: readonly PlainFunction[];
  readonly periodType: { readonly type: number; readonly unit: number } | undefined;
  readonly period: bigint;
  readonly timeNanos: bigint;
  readonly durationNanos: bigint;
  readonly comments: readonly number[];
  readonly defaultSampleType: number;
}

export interface PlainSample {
  readonly locations: readonly number[];
  readonly values: readonly bigint[];
  readonly labels: readonly {
    readonly key: number;
    readonly text: number;
    readonly number: bigint;
    readonly numberUnit: number;
  }[];
}

export interface PlainMapping {
  readonly start: bigint;
  readonly limit: bigint;
  readonly offset: bigint;
  readonly filename: number;
  readonly buildId: number;
  readonly flags: number;
}

export interface PlainLocation {
  readonly mapping: number;
  readonly address: bigint;
  readonly isFolded: boolean;
  readonly lines: readonly { readonly functionIndex: number; readonly line: number }[];
}

export interface PlainFunction {
  readonly name: number;
  readonly systemName: number;
  readonly filename: number;
  readonly startLine: number;
}

export function toPlainProfile(profile: PprofProfile): PlainProfile {
  const { strings, bytes } = profile;
  return {
    strings: range(0, strings.count).map((i) => text(bytes.subarray(strings.start[i], strings.end[i]))),
    sampleTypes: profile.sampleTypes,
    samples: range(0, profile.samples.count).map((i) => plainSample(profile, i)),
    mappings: range(1, profile.mappings.count).map((i) => plainMapping(profile, i)),
    locations: range(1, profile.locations.count).map((i) => plainLocation(profile, i)),
    functions: range(1, profile.functions.count).map((i) => plainFunction(profile, i)),
    periodType: profile.periodType,
    period: profile.period,
    timeNanos: profile.timeNanos,
    durationNanos: profile.durationNanos,
    comments: [...profile.comments],
    defaultSampleType: profile.defaultSampleType,
  };
}

function plainSample({ samples, labels }: PprofProfile, index: number): PlainSample {
  const between = (ends: Uint32Array): number[] => range(index === 0 ? 0 : ends[index - 1]!, ends[index]!);
  return {
    locations: between(samples.locationEnd).map((i) => samples.location[i]!),
    values: between(samples.valueEnd).map((i) => int64ToBigInt(samples.value, i)),
    labels: between(samples.labelEnd).map((i) => ({
      key: labels.key[i]!,
      text: labels.text[i]!,
      number: int64ToBigInt(labels.number, i),
      numberUnit: labels.numberUnit[i]!,
    })),
  };
}

function plainMapping({ mappings }: PprofProfile, index: number): PlainMapping {
  return {
    start: wide(mappings.startLow, mappings.startHigh, index),
    limit: wide(mappings.limitLow, mappings.limitHigh, index),
    offset: wide(mappings.offsetLow, mappings.offsetHigh, index),
    filename: mappings.filename[index]!,
    buildId: mappings.buildId[index]!,
    flags: mappings.flags[index]!,
  };
}

function plainLocation({ locations, lines }: PprofProfile, index: number): PlainLocation {
  return {
    mapping: locations.mapping[index]!,
    address: wide(locations.addressLow, locations.addressHigh, index),
    isFolded: locations.isFolded[index] === 1,
    lines: range(locations.firstLine[index]!, locations.firstLine[index + 1]!).map((i) => ({
      functionIndex: lines.functionIndex[i]!,
      line: lines.line[i]! | 0,
    })),
  };
}

function plainFunction({ functions }: PprofProfile, index: number): PlainFunction {
  return {
    name: functions.name[index]!,
    systemName: functions.systemName[index]!,
    filename: functions.filename[index]!,
    startLine: functions.startLine[index]! | 0,
  };
}

function wide(low: Uint32Array, high: Uint32Array | undefined, index: number): bigint {
  return (BigInt(high?.[index] ?? 0) << 32n) | BigInt(low[index]!);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
