import type { PprofProfile } from "@hearth/pprof";

import type { WorkingProfile } from "./working-profile.ts";

/** Samples worth storing, and why the others are not. */
export interface SelectedSamples {
  /** Indexes of samples, ascending. */
  readonly samples: Uint32Array;
  readonly negativeSamples: number;
  readonly zeroSamples: number;
  readonly unresolvedSamples: number;
}

/**
 * Leaves out samples with a negative value, with only zeros, and with a location that the profile does not have or that
 * says nothing.
 *
 * @param types - indexes of the sample types that are stored.
 */
export function selectSamples(profile: WorkingProfile, types: readonly number[]): SelectedSamples {
  const { samples, sampleTypes } = profile.pprof;
  const usable = usableLocations(profile);
  const selected = profile.memory.uint32(samples.count);
  let count = 0;
  let negativeSamples = 0;
  let zeroSamples = 0;
  let unresolvedSamples = 0;
  for (let sample = 0; sample < samples.count; sample++) {
    const sign = signOf(samples, sample * sampleTypes.length, types);
    if (sign < 0) negativeSamples++;
    else if (sign === 0) zeroSamples++;
    else if (!isResolved(profile, sample, usable)) unresolvedSamples++;
    else selected[count++] = sample;
  }
  return { samples: selected.subarray(0, count), negativeSamples, zeroSamples, unresolvedSamples };
}

/** -1 with a negative value among them, 0 when all are 0. */
function signOf({ value }: PprofProfile["samples"], first: number, types: readonly number[]): number {
  let sign = 0;
  for (const type of types) {
    const low = value.low[first + type]!;
    if (low < 0) return -1;
    if (low > 0 || (value.high !== undefined && value.high[first + type]! > 0)) sign = 1;
  }
  return sign;
}

function isResolved(
  { stackLocations, stackStart, stackEnd }: WorkingProfile,
  sample: number,
  usable: Uint8Array,
): boolean {
  const end = stackEnd[sample]!;
  for (let at = stackStart[sample]!; at < end; at++) {
    // Beyond the table, as `UNKNOWN` is, there is nothing that is usable.
    if (usable[stackLocations[at]!] !== 1) return false;
  }
  return true;
}

/** 1 for locations with lines or an address, of a mapping and functions that the profile has. */
function usableLocations({ pprof, memory }: WorkingProfile): Uint8Array {
  const { locations, lines, mappings, functions } = pprof;
  const usable = memory.uint8(locations.count);
  for (let index = 1; index < locations.count; index++) {
    const first = locations.firstLine[index]!;
    const end = locations.firstLine[index + 1]!;
    const hasAddress = locations.addressLow[index] !== 0 || (locations.addressHigh?.[index] ?? 0) !== 0;
    if (first === end && !hasAddress) continue;
    if (locations.mapping[index]! >= mappings.count) continue;
    usable[index] = haveFunctions(lines.functionIndex, first, end, functions.count) ? 1 : 0;
  }
  return usable;
}

function haveFunctions(functionIndex: Uint32Array, first: number, end: number, count: number): boolean {
  for (let line = first; line < end; line++) {
    if (functionIndex[line] === 0 || functionIndex[line]! >= count) return false;
  }
  return true;
}
